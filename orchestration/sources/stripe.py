"""Stripe through its official client: lists by created with an overlap, the events feed for changes.

``raw_request`` gives answers as the vendor wrote them. Lines, items and payout contents that a list cuts
off are fetched to their end. One reader an account; it belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import stripe

from orchestration.settings import StripeAccount
from orchestration.sources import json_text
from orchestration.sources.failures import Patience, SourceError, WorthAnotherTryError
from orchestration.sources.json_text import Piece
from orchestration.sources.records import Found, Window, from_unix, to_unix

SOURCE = "stripe"
PAGE = 100
# A new object may become visible a little after its created time; what comes twice falls away.
OVERLAP = timedelta(hours=1)
# Events are kept for 30 days. A pull that comes later reads the lists in full instead.
EVENTS_KEPT = timedelta(days=29)
EVENT = "event"


@dataclass(frozen=True)
class Feed:
    """One list of the API, the object it holds, and the objects read with it."""

    object: str
    path: str
    by_created: bool = True
    params: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[str, ...] = ()


FEEDS: tuple[Feed, ...] = (
    Feed("customer", "/v1/customers"),
    Feed("product", "/v1/products"),
    Feed("price", "/v1/prices"),
    Feed(
        "subscription",
        "/v1/subscriptions",
        params={"status": "all"},
        children=("subscription_item",),
    ),
    Feed("invoice", "/v1/invoices", children=("invoice_line",)),
    Feed("invoice_item", "/v1/invoiceitems"),
    Feed("invoice_payment", "/v1/invoice_payments"),
    Feed("credit_note", "/v1/credit_notes"),
    Feed("payment_intent", "/v1/payment_intents"),
    Feed("charge", "/v1/charges"),
    Feed("refund", "/v1/refunds"),
    Feed("dispute", "/v1/disputes"),
    Feed("balance_transaction", "/v1/balance_transactions"),
    Feed("payout", "/v1/payouts", children=("payout_transaction",)),
    Feed(
        "credit_grant",
        "/v1/billing/credit_grants",
        by_created=False,
        children=("credit_balance_transaction",),
    ),
    Feed("meter", "/v1/billing/meters", by_created=False),
)
EVENTS = Feed(EVENT, "/v1/events")

_SNAPSHOTS = {feed.object: feed.object for feed in FEEDS} | {
    "subscription_item": "subscription_item",
    "invoiceitem": "invoice_item",
    "billing.credit_grant": "credit_grant",
    "billing.credit_balance_transaction": "credit_balance_transaction",
    "billing.meter": "meter",
}
# customer.subscription.deleted is a cancellation: the subscription can still be read.
_DELETIONS = {
    "customer.deleted",
    "product.deleted",
    "price.deleted",
    "invoice.deleted",
    "invoiceitem.deleted",
}


class StripeReader:
    """Reads the lists of one account. Errors: SourceError."""

    def __init__(self, account: StripeAccount, patience: Patience) -> None:
        self.entity = account.entity_id
        self._patience = patience
        session = requests.Session()
        if account.api_base.startswith("http://"):
            # A proxy or a netrc of the environment has no business with a server on this machine.
            session.trust_env = False
        self._client = stripe.StripeClient(
            account.api_key,
            base_addresses={"api": account.api_base.rstrip("/")},
            max_network_retries=0,
            http_client=stripe.RequestsClient(
                timeout=(patience.connect_seconds, patience.read_seconds), session=session
            ),
        )
        self._date: datetime | None = None

    def clock(self) -> datetime:
        """The vendor's time."""
        self._page(EVENT, EVENTS.path, {"limit": 1})
        assert self._date is not None
        return self._date

    def read(self, feed: Feed, window: Window) -> Iterator[Found]:
        """A feed's records created since the window began, and with each what belongs to it."""
        if feed.object == EVENT:
            yield from self._events(window)
            return
        customers: dict[str, None] = {}
        for piece in self._listed(feed, window):
            found = self._found(feed.object, self._whole(feed.object, piece))
            yield found
            if feed.object == "credit_grant" and isinstance(found.record, dict):
                customers[str(found.record.get("customer"))] = None
            else:
                yield from self._children(feed.object, piece, None)
        for customer in customers:
            yield from self._credit_movements(customer, window)

    def _listed(self, feed: Feed, window: Window) -> Iterator[Piece]:
        params = dict(feed.params)
        if feed.by_created and window.since:
            params["created"] = {"gte": to_unix(window.since - OVERLAP)}
        for piece in self._pages(feed.object, feed.path, params):
            if window.until is None:
                window.until = self._date
            yield piece

    def _events(self, window: Window) -> Iterator[Found]:
        touched: dict[tuple[str, str], Piece] = {}
        for piece in self._listed(EVENTS, window):
            found = self._found(EVENT, piece)
            yield found
            if found.version_at is None or not isinstance(found.record, dict):
                continue
            snapshot = self._snapshot(found)
            if snapshot is None:
                continue
            yield snapshot
            piece = Piece(snapshot.record, snapshot.text)
            yield from self._children(snapshot.object, piece, found.version_at)
            if snapshot.id and _holds_more(piece):
                touched.setdefault((snapshot.object, snapshot.id), piece)
        if window.follows:
            # Their lists were read when they were created; what they hold may have grown since.
            for (name, _), piece in touched.items():
                yield from self._children(name, piece, None)

    def _snapshot(self, event: Found) -> Found | None:
        data = _object(event.record, "data") or {}
        name = _SNAPSHOTS.get(str((_object(data, "object") or {}).get("object")))
        shown = json_text.inside(event.text, "data", "object") if name else None
        if name is None or shown is None:
            return None
        deleted = event.record.get("type") in _DELETIONS
        shown = self._whole(name, shown)
        return Found(
            name, _text(shown.value, "id"), event.version_at, deleted, shown.value, shown.text
        )

    def _found(self, name: str, piece: Piece) -> Found:
        record = piece.value if isinstance(piece.value, dict) else {}
        version = self._date
        if name == EVENT:
            created = record.get("created")
            version = from_unix(created) if type(created) is int else None
        deleted = record.get("deleted") is True
        return Found(name, _text(record, "id"), version, deleted, piece.value, piece.text)

    def _whole(self, name: str, piece: Piece) -> Piece:
        """A credit note with all its lines: they have no object of their own in the landing."""
        id_ = _text(piece.value, "id")
        if name != "credit_note" or id_ is None or not _holds_more(piece):
            return piece
        lines = list(self._pages(name, f"/v1/credit_notes/{id_}/lines", {}))
        listed = "[" + ",".join(line.text for line in lines) + "]"
        text = json_text.replaced(piece.text, listed, "lines", "data")
        held = {**piece.value["lines"], "data": [line.value for line in lines]}
        return Piece({**piece.value, "lines": held}, text)

    def _children(self, name: str, parent: Piece, at: datetime | None) -> Iterator[Found]:
        """What belongs to a record: from a list everything, from a snapshot what it embeds."""
        if name == "invoice":
            yield from self._embedded("invoice_line", parent, "lines", "/v1/invoices/{}/lines", at)
        elif name == "subscription":
            yield from self._embedded(
                "subscription_item", parent, "items", "/v1/subscription_items", at
            )
        elif name == "payout" and at is None:
            yield from self._payout_transactions(parent.value)

    def _embedded(
        self, name: str, parent: Piece, member: str, path: str, at: datetime | None
    ) -> Iterator[Found]:
        held, owner = _object(parent.value, member), _text(parent.value, "id")
        if held is None or owner is None:
            return
        owned_by = {"invoice_line": "invoice", "subscription_item": "subscription"}[name]
        if held.get("has_more") is True and at is None:
            # Read the whole list: nothing says that it is in the order of what was embedded.
            params: dict[str, Any] = {} if "{}" in path else {owned_by: owner}
            pieces: Iterable[Piece] = self._pages(name, path.format(owner), params)
        else:
            pieces = json_text.elements(parent.text, member, "data")
        known = at or _finalized_at(parent.value)
        for piece in pieces:
            yield self._owned(name, piece, owned_by, owner, known)

    def _owned(
        self, name: str, piece: Piece, owned_by: str, owner: str, at: datetime | None
    ) -> Found:
        record = piece.value if isinstance(piece.value, dict) else {}
        text = piece.text
        if not record.get(owned_by):
            text = json_text.with_member(text, owned_by, owner)
            record = {**record, owned_by: owner}
        return Found(name, _text(record, "id"), at or self._date, False, record, text)

    def _payout_transactions(self, payout: Any) -> Iterator[Found]:
        id_ = _text(payout, "id")
        # The contents of a manual payout cannot be listed.
        if id_ is None or payout.get("automatic") is False:
            return
        name = "payout_transaction"
        for piece in self._pages(name, "/v1/balance_transactions", {"payout": id_}):
            yield self._owned(name, piece, "payout", id_, None)

    def _credit_movements(self, customer: str, window: Window) -> Iterator[Found]:
        name = "credit_balance_transaction"
        start = to_unix(window.since - OVERLAP) if window.since else None
        params = {"customer": customer}
        for piece in self._pages(name, "/v1/billing/credit_balance_transactions", params):
            created = piece.value.get("created") if isinstance(piece.value, dict) else None
            if start is not None and type(created) is int and created < start:
                return
            yield self._found(name, piece)

    def _pages(self, name: str, path: str, params: Mapping[str, Any]) -> Iterator[Piece]:
        """Every element of a list, newest first. A page that comes again is asked for again."""
        before: frozenset[str] = frozenset()
        after: str | None = None
        cursors: set[str] = set()
        while True:
            asked = {**params, "limit": PAGE, **({"starting_after": after} if after else {})}
            page = self._page(name, path, asked, before)
            yield from page.records
            if page.members.get("has_more") is not True or not page.records:
                return
            before = _ids(page)
            after = _text(page.records[-1].value, "id")
            if after is None or after in cursors:
                raise self._error(
                    name,
                    f"the list does not advance beyond {after}",
                    "Nothing of this pull was kept; pull again, report it to Stripe if it stays",
                    f"page after {after}",
                )
            cursors.add(after)

    def _page(
        self,
        name: str,
        path: str,
        params: Mapping[str, Any],
        before: frozenset[str] = frozenset(),
    ) -> json_text.Page:
        def attempt() -> json_text.Page:
            try:
                answer = self._client.raw_request("get", path, **params)
                page = json_text.page(answer.body, "data")
            except stripe.StripeError as error:
                raise self._judged(error, name, place) from error
            except json_text.BrokenJsonError as error:
                raise WorthAnotherTryError(
                    str(error), "The answer was cut off on its way; pull again"
                ) from error
            if before & _ids(page):
                raise WorthAnotherTryError(
                    "the page repeats records of the page before it",
                    "Nothing of this pull was kept; pull again",
                )
            self._date = _date(answer.headers)
            return page

        def give_up(error: WorthAnotherTryError, attempts: int) -> SourceError:
            return self._error(name, f"{error.problem}, {attempts} times", error.action, place)

        after = params.get("starting_after")
        place = f"page after {after} of {path}" if after else f"first page of {path}"
        return self._patience.call(attempt, give_up, f"{SOURCE} {name} {self.entity}, {place}")

    def _judged(self, error: stripe.StripeError, name: str, place: str) -> Exception:
        """A failure that may pass, or one that needs a person."""
        said = (error.user_message or str(error)).strip().splitlines()[0][:300]
        status = error.http_status
        if isinstance(error, stripe.RateLimitError) or status == 429:
            asked = (error.headers or {}).get("Retry-After")
            return WorthAnotherTryError(
                "HTTP 429, too many requests",
                "What was complete has landed; pull again later",
                wait_seconds=float(asked) if asked and asked.isdigit() else None,
            )
        if isinstance(error, stripe.APIConnectionError):
            return WorthAnotherTryError(
                "no answer in time or the connection broke",
                "What was complete has landed; pull again when Stripe answers",
            )
        if isinstance(error, stripe.AuthenticationError):
            action = f"Check the API key of {self.entity} in TIEOUT_STRIPE_KEYS"
        elif isinstance(error, stripe.PermissionError):
            action = f"Give the restricted key of {self.entity} read access to this object"
        elif status is None or status >= 500 or status in (200, 409):
            return WorthAnotherTryError(
                f"HTTP {status} ({said})", "What was complete has landed; pull again later"
            )
        else:
            action = "The request was refused: compare the API version with the pinned client"
        return self._error(name, f"HTTP {status} ({said})", action, place)

    def _error(self, name: str, problem: str, action: str, record: str) -> SourceError:
        return SourceError(SOURCE, name, problem, action, entity=self.entity, record=record)


def _text(record: Any, name: str) -> str | None:
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, str) else None


def _object(record: Any, name: str) -> dict[str, Any] | None:
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else None


def _holds_more(piece: Piece) -> bool:
    """Whether a record embeds only the beginning of what it holds, or (a payout) nothing of it."""
    lists = (_object(piece.value, member) for member in ("lines", "items"))
    is_cut = any(held is not None and held.get("has_more") is True for held in lists)
    return is_cut or _text(piece.value, "object") == "payout"


def _finalized_at(record: Any) -> datetime | None:
    """Since when a list of lines has been what it is: a finalised invoice cannot be edited.

    https://docs.stripe.com/invoicing/overview#invoice-statuses; lines that an event cut off are
    thus known from then on, also when they are read later.
    """
    moments = _object(record, "status_transitions") or {}
    moment = moments.get("finalized_at")
    return from_unix(moment) if type(moment) is int else None


def _ids(page: json_text.Page) -> frozenset[str]:
    return frozenset(id_ for piece in page.records if (id_ := _text(piece.value, "id")))


def _date(headers: Mapping[str, str]) -> datetime:
    """The time of an answer, by the vendor's clock."""
    text = headers.get("Date") or headers.get("date")
    moment = parsedate_to_datetime(text) if text else datetime.now(UTC)
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
