"""Salesforce's REST API over the world: client-credentials login, SOQL, describe, single records.

Paths here are those below ``/salesforce``; ``nextRecordsUrl``, which leads to a query's later
batches, starts at ``/services`` as the vendor's does. SOQL is read in ``soql``; faults and HTTP are
the server's.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.sandbox.current import Field, SObject, World
from orchestration.sandbox.replies import Reply
from orchestration.sandbox.soql import Query, SoqlError, parse

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox-secret"
BATCH_SIZE = 2000
DAILY_LIMIT = 1_000_000
_KEPT_CURSORS = 50
_DATA_PATH = re.compile(r"^/services/data/v(\d\d\.\d)/(.*)$")
_JSON = {"Content-Type": "application/json;charset=UTF-8"}


class SalesforceError(Exception):
    """An answer in Salesforce's error shape."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class _Cursor:
    """A query under way: its fields and the rows it found, which stay as they were found."""

    query: Query
    rows: array[int]
    batch: int


class SalesforceApi:
    """Answers requests for one world; tokens and query cursors live as long as the server."""

    def __init__(
        self,
        world: World,
        token_lifetime: float = 7200.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world = world
        self._lifetime = token_lifetime
        self._now = now
        self._tokens: dict[str, float] = {}
        self._issued = 0
        self._calls = 0
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()

    def expire_tokens(self) -> None:
        """End every session, as if its time had run out."""
        self._tokens.clear()

    def login(self, form: Mapping[str, str], basic: tuple[str, str] | None, base: str) -> Reply:
        """``POST /services/oauth2/token`` with grant type client_credentials."""
        if form.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "grant type not supported")
        client = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if client[0] != CLIENT_ID:
            return _oauth_error("invalid_client_id", "client identifier invalid")
        if client[1] != CLIENT_SECRET:
            return _oauth_error("invalid_client", "invalid client credentials")
        self._issued += 1
        seed = f"{self._world.clock} {self._issued}".encode()
        token = f"00D000000000001!{hashlib.sha256(seed).hexdigest()}"
        self._tokens[token] = self._now() + self._lifetime
        body = {
            "access_token": token,
            "signature": hashlib.sha256(token.encode()).hexdigest(),
            "scope": "api",
            "instance_url": base,
            "id": f"{base}/id/00D000000000001AAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": str(self._world.clock * 1000),
        }
        return Reply(200, json.dumps(body).encode(), dict(_JSON))

    def reply(
        self, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        """Answer one request below ``/services/data``."""
        try:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or self._tokens.get(token, 0.0) <= self._now():
                self._tokens.pop(token, None)
                raise SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")
            self._calls += 1
            if method != "GET":
                raise SalesforceError(
                    405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed."
                )
            body, series = self._answer(path, params, headers)
        except SalesforceError as error:
            return self.error(error.status, error.code, error.message)
        except SoqlError as error:
            return self.error(400, error.code, error.message)
        usage = {"Sforce-Limit-Info": f"api-usage={self._calls}/{DAILY_LIMIT}"}
        is_first = "q" in params
        return Reply(200, body, _JSON | usage, series, is_first)

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        """An answer in the vendor's error shape; without a code, what it says at this status."""
        if not code:
            code, message = {
                403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
                429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
                503: ("SERVER_UNAVAILABLE", "Server is unavailable, please try again."),
            }.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
        body = [{"message": message, "errorCode": code}]
        return Reply(status, json.dumps(body).encode(), dict(_JSON))

    def _answer(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[bytes, str | None]:
        found = _DATA_PATH.match(path)
        if found is None:
            raise _not_found()
        version, rest = found[1], found[2].strip("/").split("/")
        match rest:
            case ["query" | "queryAll" as verb]:
                return self._query(version, verb == "queryAll", params, headers)
            case ["query" | "queryAll", locator]:
                return self._more(version, locator)
            case ["limits"]:
                left = {"Max": DAILY_LIMIT, "Remaining": DAILY_LIMIT - self._calls}
                return json.dumps({"DailyApiRequests": left}).encode(), None
            case ["sobjects"]:
                listed = [_summary(s, version) for s in self._world.sobjects.values()]
                body: dict[str, Any] = {
                    "encoding": "UTF-8",
                    "maxBatchSize": 200,
                    "sobjects": listed,
                }
                return json.dumps(body).encode(), None
            case ["sobjects", name]:
                sobject = self._sobject(name)
                body = {"objectDescribe": _summary(sobject, version), "recentItems": []}
                return json.dumps(body).encode(), None
            case ["sobjects", name, "describe"]:
                return json.dumps(_describe(self._sobject(name), version)).encode(), None
            case ["sobjects", name, record_id]:
                return self._record(version, self._sobject(name), record_id), None
        raise _not_found()

    def _sobject(self, name: str) -> SObject:
        if name not in self._world.sobjects:
            raise _not_found()
        return self._world.sobjects[name]

    def _record(self, version: str, sobject: SObject, record_id: str) -> bytes:
        listed = ", ".join(f'"{field.name}"' for field in sobject.fields)
        row = self._world.db.execute(
            f"select {listed} from {sobject.table} where Id = ? and IsDeleted = 0", (record_id,)
        ).fetchone()
        if row is None:
            raise _not_found("Provided external ID field does not exist or is not accessible")
        return _records(sobject, sobject.fields, [row], version)[0].encode()

    def _query(
        self,
        version: str,
        with_deleted: bool,
        params: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> tuple[bytes, str | None]:
        if "q" not in params:
            raise SalesforceError(400, "MALFORMED_QUERY", "unexpected token: <EOF>")
        query = parse(params["q"], self._world.sobjects)
        condition = query.where if with_deleted else f"({query.where}) and IsDeleted = 0"
        order = f"{query.order}, Id" if query.order else "Id"
        found = self._world.db.execute(
            f"select rowid from {query.sobject.table} where {condition}"
            f" order by {order} limit ? offset ?",
            (*query.values, -1 if query.limit is None else query.limit, query.offset),
        )
        rows = array("q", (number for (number,) in found))
        if query.is_count:
            count = {"totalSize": len(rows), "done": True, "records": []}
            return json.dumps(count).encode(), None
        option = re.search(r"batchSize=(\d+)", headers.get("sforce-query-options", ""))
        batch = min(max(int(option[1]), 200), BATCH_SIZE) if option else BATCH_SIZE
        cursor = _Cursor(query, rows, batch)
        seed = f"{params['q']} {with_deleted} {batch}".encode()
        locator = f"01g{hashlib.sha256(seed).hexdigest()[:15]}"
        if len(rows) > batch:
            self._cursors[locator] = cursor
            self._cursors.move_to_end(locator)
            while len(self._cursors) > _KEPT_CURSORS:
                self._cursors.popitem(last=False)
        return self._batch(version, locator, cursor, 0), locator

    def _more(self, version: str, place: str) -> tuple[bytes, str | None]:
        locator, _, start = place.rpartition("-")
        cursor = self._cursors.get(locator)
        if cursor is None or not start.isdigit() or int(start) >= len(cursor.rows):
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._batch(version, locator, cursor, int(start)), locator

    def _batch(self, version: str, locator: str, cursor: _Cursor, start: int) -> bytes:
        query = cursor.query
        listed = ", ".join(f'held."{field.name}"' for field in query.fields)
        wanted = cursor.rows[start : start + cursor.batch]
        rows = self._world.db.execute(
            f"select {listed} from json_each(?) as wanted"
            f" cross join {query.sobject.table} as held on held.rowid = wanted.value"
            " order by wanted.key",
            (json.dumps(wanted.tolist()),),
        ).fetchall()
        end = start + len(wanted)
        is_done = end >= len(cursor.rows)
        place = f',"nextRecordsUrl":"/services/data/v{version}/query/{locator}-{end}"'
        more = "" if is_done else place
        records = ",".join(_records(query.sobject, query.fields, rows, version))
        head = f'{{"totalSize":{len(cursor.rows)},"done":{"true" if is_done else "false"}{more}'
        return f'{head},"records":[{records}]}}'.encode()


def _records(
    sobject: SObject, fields: tuple[Field, ...], rows: list[tuple[Any, ...]], version: str
) -> list[str]:
    encoders = [(f'"{field.name}":', _ENCODERS.get(field.type, _text)) for field in fields]
    place = next((number for number, field in enumerate(fields) if field.name == "Id"), None)
    head = f'{{"attributes":{{"type":"{sobject.name}"'
    url = f',"url":"/services/data/v{version}/sobjects/{sobject.name}/'
    records = []
    for row in rows:
        link = f'{url}{row[place]}"' if place is not None else ""
        values = [
            name + ("null" if value is None else encode(value))
            for (name, encode), value in zip(encoders, row, strict=True)
        ]
        records.append(f"{head}{link}}},{','.join(values)}}}")
    return records


def _text(value: Any) -> str:
    return json.dumps(value)


def _number(value: Any) -> str:
    """A JSON number with the digits it was stored with; what is no number is shown as it is."""
    if isinstance(value, str):
        try:
            return value if Decimal(value).is_finite() else json.dumps(value)
        except InvalidOperation:
            return json.dumps(value)
    return repr(value)


def _flag(value: Any) -> str:
    return {0: "false", 1: "true"}.get(value) or json.dumps(value)


_ENCODERS: dict[str, Callable[[Any], str]] = {"double": _number, "boolean": _flag}


def _summary(sobject: SObject, version: str) -> dict[str, Any]:
    url = f"/services/data/v{version}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.name,
        "labelPlural": sobject.name,
        "custom": sobject.name.endswith("__c"),
        "queryable": True,
        "retrieveable": True,
        "createable": False,
        "updateable": False,
        "deletable": False,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def _describe(sobject: SObject, version: str) -> dict[str, Any]:
    fields = [
        {
            "name": field.name,
            "label": field.name,
            "type": field.type,
            "custom": field.name.endswith("__c"),
            "nillable": field.name not in ("Id", "IsDeleted", "SystemModstamp"),
            "filterable": True,
            "sortable": True,
        }
        for field in sobject.fields
    ]
    return _summary(sobject, version) | {"fields": fields}


def _oauth_error(code: str, description: str) -> Reply:
    body = {"error": code, "error_description": description}
    return Reply(400, json.dumps(body).encode(), dict(_JSON))


def _not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    return SalesforceError(404, "NOT_FOUND", message)
