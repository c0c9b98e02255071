"""Stripe's REST API over the world: lists with cursors, filters and expansion, and single objects.

Answers carry the stored JSON text as it is; it is parsed only where a request expands ids or an
embedded list has to be cut. Paths here are those below ``/stripe``. Faults and HTTP are the
server's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.sandbox.current import World
from orchestration.sandbox.replies import Reply
from orchestration.sandbox.stripe_lists import (
    LINES,
    OF_PAYOUT,
    RESOURCES,
    ListRequest,
    Resource,
    StripeError,
)

API_VERSION = "2026-10-28.endive"
KEY_PREFIX = "sk_test_sandbox_"
EMBEDDED_LINES = 10


# Where a list is embedded in an object, and is cut as the vendor cuts it.
_EMBEDDED = {"invoice": "lines", "credit_note": "lines", "subscription": "items"}

_EXPANDABLE = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "credit_balance_transaction": "billing.credit_balance_transaction",
    "credit_grant": "billing.credit_grant",
    "credit_note": "credit_note",
    "customer": "customer",
    "failure_balance_transaction": "balance_transaction",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "price": "price",
    "product": "product",
    "refund": "refund",
    "subscription": "subscription",
}
_SOURCE_PREFIXES = {"ch": "charge", "re": "refund", "po": "payout", "du": "dispute"}
_SOURCE_PREFIXES |= {"dp": "dispute", "pyr": "refund"}


class StripeApi:
    """Answers GET requests for one world; one account an API key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._requests = 0
        self._long = self._objects_with_long_lists()

    def account_of(self, authorization: str) -> str | None:
        """The account whose key an Authorization header carries, if it is one of ours."""
        scheme, _, value = authorization.partition(" ")
        key = value.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key).decode().partition(":")[0]
            except ValueError:
                return None
        account = key.removeprefix(KEY_PREFIX)
        return account if key != account and account in self._world.accounts else None

    def reply(
        self, method: str, path: str, params: Sequence[tuple[str, str]], headers: Mapping[str, str]
    ) -> Reply:
        """Answer one request; ``path`` starts with ``/v1/``."""
        try:
            account = self._authenticate(headers.get("authorization", ""))
            if method != "GET":
                raise _unknown_url(method, path)
            body, series = self._answer(account, path, params)
            is_first = not any(name.endswith(("_after", "_before")) for name, _ in params)
        except StripeError as error:
            return self.error(error.status, headers, error.error)
        return Reply(200, body, self._headers(headers), series, is_first)

    def error(
        self, status: int, headers: Mapping[str, str], error: Mapping[str, str] | None = None
    ) -> Reply:
        """An answer in Stripe's error shape; without details, what it says at this status."""
        if error is None and status == 429:
            error = {
                "code": "rate_limit",
                "doc_url": "https://stripe.com/docs/error-codes/rate-limit",
                "message": "Request rate limit exceeded. You can learn more about rate limits here"
                " https://stripe.com/docs/rate-limits.",
                "type": "invalid_request_error",
            }
        elif error is None:
            error = {"message": "An unknown error occurred", "type": "api_error"}
        body = json.dumps({"error": error}, indent=2).encode()
        return Reply(status, body, self._headers(headers))

    def _headers(self, request: Mapping[str, str]) -> dict[str, str]:
        self._requests += 1
        return {
            "Request-Id": f"req_{self._requests:014d}",
            "Stripe-Version": request.get("stripe-version", API_VERSION),
        }

    def _authenticate(self, authorization: str) -> str:
        if not authorization:
            raise StripeError(
                401,
                "You did not provide an API key. You need to provide your API key in the"
                " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer"
                " YOUR_SECRET_KEY').",
            )
        account = self.account_of(authorization)
        if account is None:
            shown = authorization.rpartition(" ")[2]
            raise StripeError(401, f"Invalid API Key provided: {shown[:7]}****{shown[-4:]}")
        return account

    def _answer(
        self, account: str, path: str, params: Sequence[tuple[str, str]]
    ) -> tuple[bytes, str | None]:
        parts = path.removeprefix("/v1/").strip("/").split("/")
        name = "/".join(parts[:2]) if parts[0] == "billing" else parts[0]
        rest = parts[name.count("/") + 1 :]
        resource = RESOURCES.get(name)
        if resource is None or not path.startswith("/v1/"):
            raise _unknown_url("GET", path)
        if not rest:
            return self._list(account, path, resource, params, {})
        if len(rest) == 1:
            return self._retrieve(account, resource, rest[0], params), None
        if len(rest) == 2:
            return self._nested(account, path, name, resource, rest[0], rest[1], params)
        raise _unknown_url("GET", path)

    def _nested(
        self,
        account: str,
        path: str,
        name: str,
        resource: Resource,
        owner_id: str,
        child: str,
        params: Sequence[tuple[str, str]],
    ) -> tuple[bytes, str | None]:
        stored = self._find(account, resource.object_type, owner_id)
        if stored is None:
            raise _missing(resource.object_type, owner_id, "id")
        if (name, child) == ("invoices", "lines"):
            return self._list(account, path, LINES, params, {"invoice": owner_id})
        if (name, child) == ("charges", "refunds"):
            return self._list(account, path, RESOURCES["refunds"], params, {"charge": owner_id})
        if (name, child) == ("credit_notes", "lines"):
            lines = json.loads(stored)["lines"]["data"]
            page = {"object": "list", "data": lines, "has_more": False, "url": path}
            return _json(page), None
        raise _unknown_url("GET", path)

    def _retrieve(
        self, account: str, resource: Resource, object_id: str, params: Sequence[tuple[str, str]]
    ) -> bytes:
        stored = self._find(account, resource.object_type, object_id)
        if stored is None:
            raise _missing(resource.object_type, object_id, "id")
        request = ListRequest(params, resource, {})
        value = json.loads(stored)
        _cut(value)
        for steps in request.expand:
            self._expand(account, value, steps, ".".join(steps))
        return _json(value)

    def _list(
        self,
        account: str,
        path: str,
        resource: Resource,
        params: Sequence[tuple[str, str]],
        fixed: Mapping[str, str],
    ) -> tuple[bytes, str]:
        request = ListRequest(params, resource, fixed)
        if resource.object_type == "balance_transaction" and "payout" in request.filters:
            resource = OF_PAYOUT
            request.owner = request.filters.pop("payout")
        shelf = self._world.shelf(account, resource.object_type)
        where, values = ["o.shelf = ?"], [shelf]
        where, values = request.conditions(where, values)
        backwards = request.ending_before is not None
        cursor = request.ending_before or request.starting_after
        if cursor is not None:
            place = self._world.db.execute(
                "select created, id from current.objects indexed by objects_by_id"
                " where shelf = ? and id = ?",
                (shelf, cursor),
            ).fetchone()
            if place is None:
                side = "ending_before" if backwards else "starting_after"
                raise _missing(resource.object_type, cursor, side, status=400)
            where.append(f"(o.created, o.id) {'>' if backwards else '<'} (?, ?)")
            values += place
        direction = "asc" if backwards else "desc"
        # Without statistics SQLite would rather walk the whole shelf in order.
        index = "indexed by objects_by_owner" if request.owner is not None else ""
        rows = self._world.db.execute(
            f"select cast(s.body as blob), s.rowid from current.objects as o {index}"
            " join main.stripe_objects as s on s.rowid = o.version"
            f" where {' and '.join(where)}"
            f" order by o.created {direction}, o.id {direction} limit ?",
            [*values, request.limit + 1],
        ).fetchall()
        has_more = len(rows) > request.limit
        rows = rows[: request.limit]
        if backwards:
            rows.reverse()
        bodies = [
            _json(_cut(json.loads(body))) if version in self._long else body
            for body, version in rows
        ]
        if request.expand:
            bodies = [self._expanded(account, body, request.expand) for body in bodies]
        page = (
            b'{"object":"list","data":['
            + b",".join(bodies)
            + b'],"has_more":'
            + (b"true" if has_more else b"false")
            + b',"url":'
            + json.dumps(path).encode()
            + b"}"
        )
        return page, f"{account} {path} {request.series}"

    def _find(self, account: str, object_type: str, object_id: str) -> bytes | None:
        row = self._world.db.execute(
            "select cast(s.body as blob) from current.objects as o indexed by objects_by_id"
            " join main.stripe_objects as s on s.rowid = o.version where o.shelf = ? and o.id = ?",
            (self._world.shelf(account, object_type), object_id),
        ).fetchone()
        return row[0] if row else None

    def _expanded(self, account: str, body: bytes, expand: Sequence[Sequence[str]]) -> bytes:
        value = json.loads(body)
        for steps in expand:
            if steps[0] != "data" or len(steps) < 2:
                raise _not_expandable(".".join(steps))
            self._expand(account, value, steps[1:], ".".join(steps))
        return _json(value)

    def _expand(self, account: str, value: Any, steps: Sequence[str], path: str) -> None:
        """Put the object in the place of its id along one path, in every element of a list."""
        if isinstance(value, list):
            for item in value:
                self._expand(account, item, steps, path)
            return
        if value is None or not steps:
            return
        name = steps[0]
        if not isinstance(value, dict) or name not in value:
            raise _not_expandable(path)
        held = value[name]
        if isinstance(held, str):
            object_type = _EXPANDABLE.get(name)
            if name == "source":
                object_type = _SOURCE_PREFIXES.get(held.partition("_")[0])
            if object_type is None:
                raise _not_expandable(path)
            stored = self._find(account, object_type, held)
            if stored is None:
                return
            held = value[name] = _cut(json.loads(stored))
        elif held is not None and not isinstance(held, dict | list):
            raise _not_expandable(path)
        self._expand(account, held, steps[1:], path)

    def _objects_with_long_lists(self) -> frozenset[int]:
        """The stored versions whose embedded list is longer than the vendor shows."""
        found: set[int] = set()
        for (_, object_type), shelf in self._world.shelves.items():
            name = _EMBEDDED.get(object_type)
            if name is None:
                continue
            found.update(
                version
                for (version,) in self._world.db.execute(
                    "select s.rowid from current.objects as o"
                    " join main.stripe_objects as s on s.rowid = o.version"
                    f" where o.shelf = ? and json_array_length(s.body, '$.{name}.data') > ?",
                    (shelf, EMBEDDED_LINES),
                )
            )
        return frozenset(found)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _cut(value: dict[str, Any]) -> dict[str, Any]:
    name = _EMBEDDED.get(value.get("object", ""))
    held = value.get(name) if name else None
    if isinstance(held, dict) and len(held.get("data", ())) > EMBEDDED_LINES:
        held["data"] = held["data"][:EMBEDDED_LINES]
        held["has_more"] = True
    return value


def _missing(object_type: str, object_id: str, param: str, status: int = 404) -> StripeError:
    noun = object_type.rpartition(".")[2]
    return StripeError(
        status,
        f"No such {noun}: '{object_id}'",
        code="resource_missing",
        doc_url="https://stripe.com/docs/error-codes/resource-missing",
        param=param,
    )


def _unknown_url(method: str, path: str) -> StripeError:
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove"
        " the trailing slash. If you are trying to retrieve an object, make sure you passed a"
        " valid (non-empty) identifier in your code.",
    )


def _not_expandable(path: str) -> StripeError:
    return StripeError(400, f"This property cannot be expanded ({path}).")
