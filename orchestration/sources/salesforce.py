"""Salesforce through its official client: each object by SystemModstamp, deleted rows included.

The client hard-codes https and parses numbers to floats; a session sends its requests to the
configured address, and answers stay text until their records are cut out of it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import simple_salesforce
from simple_salesforce import exceptions as refusals

from orchestration.settings import SalesforceConfig
from orchestration.sources import json_text
from orchestration.sources.failures import Patience, SourceError, WorthAnotherTryError
from orchestration.sources.records import Found, Window
from orchestration.sources.shapes import OPTIONAL, SOBJECTS

SOURCE = "salesforce"
# A long transaction commits rows with a stamp from before other rows became visible.
OVERLAP = timedelta(minutes=10)
AUDIT_FIELDS = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted")
_NO_SUCH_FIELD = re.compile(r"No such column '(\w+)'")
LOG = logging.getLogger(__name__)


class _NoSuchFieldError(SourceError):
    """The org refused a query because it lacks ``field``, or hides it from the app."""

    def __init__(self, field: str, name: str, problem: str, action: str) -> None:
        super().__init__(SOURCE, name, problem, action)
        self.field = field


class _Session(requests.Session):
    """Requests to the configured address, each with a time-out."""

    def __init__(self, base: str, patience: Patience) -> None:
        super().__init__()
        self._base = base.rstrip("/")
        self._limits = (patience.connect_seconds, patience.read_seconds)
        if self._base.startswith("http://"):
            # A proxy or a netrc of the environment has no business with a server on this machine.
            self.trust_env = False

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("timeout", self._limits)
        where = str(url)
        path = where[where.index("/services/") :]
        return super().request(method, self._base + path, *args, **kwargs)


class _Client(simple_salesforce.Salesforce):
    """The official client, answering with pages that keep the text of their records."""

    def parse_result_to_json(self, result: requests.Response) -> Any:
        result.encoding = "utf-8"
        return json_text.page(result.text, "records")


class SalesforceReader:
    """Reads the objects of one org. Errors: SourceError, for each object when the login fails."""

    def __init__(self, config: SalesforceConfig, patience: Patience) -> None:
        self._config = config
        self._patience = patience
        self._client: _Client | None = None
        self._refused: SourceError | None = None

    def read(self, name: str, window: Window) -> Iterator[Found]:
        """Every version of an object's records from a little before ``window.since``."""
        soql, first = self._first_page(name, window)
        newest = window.since
        for piece in self._records(name, soql, first):
            record = piece.value if isinstance(piece.value, dict) else {}
            stamp = _instant(record.get("SystemModstamp"))
            newest = max(filter(None, (newest, stamp)), default=None)
            deleted = record.get("IsDeleted") is True
            yield Found(name, _id(piece), stamp, deleted, piece.value, piece.text)
        window.until = newest

    def _first_page(self, name: str, window: Window) -> tuple[str, json_text.Page]:
        """The query and its first page; optional fields that the org refuses are left out, and told."""
        sobject, fields = SOBJECTS[name]
        optional = list(OPTIONAL.get(name, ()))
        while True:
            columns = ", ".join(["Id", *fields, *optional, *AUDIT_FIELDS])
            soql = f"SELECT {columns} FROM {sobject}"
            if window.since:
                start = (window.since - OVERLAP).replace(tzinfo=UTC)
                soql += f" WHERE SystemModstamp >= {start:%Y-%m-%dT%H:%M:%SZ}"
            soql += " ORDER BY SystemModstamp, Id"
            try:
                return soql, self._page(name, None, soql)
            except _NoSuchFieldError as error:
                if error.field not in optional:
                    raise
                optional.remove(error.field)
                window.absent.append(error.field)
                LOG.warning(
                    "salesforce %s: the org has no field %s that the app may read; pulled without"
                    " it. Where it is added later, records carry it from their next change on",
                    name,
                    error.field,
                )

    def _records(self, name: str, soql: str, page: json_text.Page) -> Iterator[json_text.Piece]:
        total = page.members.get("totalSize")
        seen: set[str] = set()
        nameless = 0
        while True:
            yield from page.records
            seen.update(_ids(page))
            nameless += sum(1 for piece in page.records if _id(piece) is None)
            following = page.members.get("nextRecordsUrl")
            if page.members.get("done") is not False or not following:
                break
            page = self._page(name, following, soql, _ids(page))
        given = len(seen) + nameless
        if isinstance(total, int) and given != total:
            raise SourceError(
                SOURCE,
                name,
                f"the query announced {total} records and gave {given}",
                "Nothing of this pull was kept; pull again, and report it to Salesforce if it stays",
            )

    def _page(
        self, name: str, url: str | None, soql: str, before: frozenset[str] = frozenset()
    ) -> json_text.Page:
        def attempt() -> json_text.Page:
            client = self._login(name)
            try:
                if url is None:
                    page = client.query(soql, include_deleted=True)
                else:
                    page = client.query_more(url, identifier_is_url=True)
            except json_text.BrokenJsonError as error:
                raise WorthAnotherTryError(
                    str(error), "The answer was cut off on its way; pull again"
                ) from error
            except (requests.RequestException, refusals.SalesforceError) as error:
                raise _judged(error, name) from error
            if before & _ids(page):
                raise WorthAnotherTryError(
                    "the page repeats records of the page before it",
                    "Nothing of this pull was kept; pull again",
                )
            return page

        def give_up(error: WorthAnotherTryError, attempts: int) -> SourceError:
            return SourceError(
                SOURCE,
                name,
                f"{error.problem}, {attempts} times",
                error.action,
                record=f"page {url}" if url else "first page",
            )

        return self._patience.call(attempt, give_up, f"{SOURCE} {name}")

    def _login(self, name: str) -> _Client:
        """The logged-in client. A refused login is not tried again for every object."""
        if self._refused is not None:
            raise SourceError(SOURCE, name, self._refused.problem, self._refused.action)
        if self._client is None:
            try:
                self._client = _Client(
                    consumer_key=self._config.client_id,
                    consumer_secret=self._config.client_secret,
                    domain="configured",
                    session=_Session(self._config.instance_url, self._patience),
                )
            except refusals.SalesforceAuthenticationFailed as error:
                if error.code in ("invalid_client", "invalid_client_id", "invalid_grant"):
                    self._refused = SourceError(
                        SOURCE,
                        name,
                        f"the login was refused ({error.code}: {error.auth_message})",
                        "Check TIEOUT_SALESFORCE_CLIENT_ID and TIEOUT_SALESFORCE_CLIENT_SECRET"
                        " against the connected app",
                    )
                    raise self._refused from error
                raise WorthAnotherTryError(
                    f"the login failed ({error})", "Check that the org can be reached; pull again"
                ) from error
            except (requests.RequestException, ValueError, AttributeError) as error:
                # AttributeError: the client expects an object where an error answers with a list.
                raise WorthAnotherTryError(
                    f"the login got no answer ({type(error).__name__})",
                    f"Check that {self._config.instance_url} can be reached; pull again",
                ) from error
        return self._client


def _judged(error: Exception, name: str) -> Exception:
    """A failure that may pass, or one that needs a person."""
    if isinstance(error, requests.Timeout):
        return WorthAnotherTryError(
            "no answer in time", "What was complete has landed; pull again when the org answers"
        )
    if isinstance(error, requests.RequestException):
        return WorthAnotherTryError(
            f"the connection broke ({type(error).__name__})",
            "What was complete has landed; pull again",
        )
    assert isinstance(error, refusals.SalesforceError)
    said = _said(error)
    if error.status in (429, 408) or error.status >= 500:
        return WorthAnotherTryError(
            f"HTTP {error.status} ({said})", "What was complete has landed; pull again later"
        )
    absent = _NO_SUCH_FIELD.search(json.dumps(error.content, default=str))
    if "REQUEST_LIMIT_EXCEEDED" in said:
        action = "The org's daily API limit is used up: pull again tomorrow or raise the limit"
    elif "INVALID_FIELD" in said or "INVALID_TYPE" in said:
        action = "The org lacks a field or object this pull reads: add it or grant the app access"
    elif error.status == 401:
        action = "The session was refused: check the connected app's policies and pull again"
    else:
        action = "Grant the connected app read access to this object and pull again"
    problem = f"HTTP {error.status} ({said})"
    if "INVALID_FIELD" in said and absent:
        return _NoSuchFieldError(absent[1], name, problem, action)
    return SourceError(SOURCE, name, problem, action)


def _said(error: refusals.SalesforceError) -> str:
    content: Any = error.content
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return f"{content[0].get('errorCode')}: {content[0].get('message')}"[:300]
    return str(content)[:300]


def _ids(page: json_text.Page) -> frozenset[str]:
    return frozenset(id_ for piece in page.records if (id_ := _id(piece)))


def _id(piece: json_text.Piece) -> str | None:
    found = piece.value.get("Id") if isinstance(piece.value, dict) else None
    return found if isinstance(found, str) else None


def _instant(text: Any) -> datetime | None:
    """2026-06-30T23:59:59.000+0000 as a UTC timestamp without zone."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None
