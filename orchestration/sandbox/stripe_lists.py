"""Stripe's lists and their parameters: which exist, what each filters by, and what is refused.

A parameter the vendor does not take is an error here as there. Nothing here reads the world.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_MAX_LIMIT = 100
_RANGE = re.compile(r"^(\w+)\[(gt|gte|lt|lte)\]$")
_RANGE_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class StripeError(Exception):
    """An answer in Stripe's error shape."""

    def __init__(self, status: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": "invalid_request_error", **details}


@dataclass(frozen=True)
class Resource:
    """One list: the stored object type, its filters (parameter → JSON path), what it requires."""

    object_type: str
    filters: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    required: str | None = None
    has_created: bool = True


_CUSTOMER = {"customer": "$.customer"}
RESOURCES: dict[str, Resource] = {
    "customers": Resource("customer", {"email": "$.email"}),
    "products": Resource("product", {"active": "$.active"}),
    "prices": Resource(
        "price",
        {"active": "$.active", "currency": "$.currency", "product": "$.product", "type": "$.type"},
    ),
    "subscriptions": Resource(
        "subscription",
        {**_CUSTOMER, "status": "$.status", "collection_method": "$.collection_method"},
    ),
    "subscription_items": Resource(
        "subscription_item", owner="subscription", required="subscription", has_created=False
    ),
    "invoices": Resource(
        "invoice",
        {
            **_CUSTOMER,
            "status": "$.status",
            "collection_method": "$.collection_method",
            "subscription": "$.parent.subscription_details.subscription",
        },
        {"due_date": "$.due_date"},
    ),
    "invoiceitems": Resource("invoiceitem", _CUSTOMER, owner="invoice"),
    "invoice_payments": Resource("invoice_payment", {"status": "$.status"}, owner="invoice"),
    "credit_notes": Resource("credit_note", _CUSTOMER, owner="invoice"),
    "payment_intents": Resource("payment_intent", _CUSTOMER),
    "charges": Resource("charge", {**_CUSTOMER, "payment_intent": "$.payment_intent"}),
    "refunds": Resource("refund", {"payment_intent": "$.payment_intent"}, owner="charge"),
    "disputes": Resource("dispute", {"payment_intent": "$.payment_intent"}, owner="charge"),
    "balance_transactions": Resource(
        "balance_transaction", {"type": "$.type", "currency": "$.currency"}, owner="source"
    ),
    "payouts": Resource("payout", {"status": "$.status"}, {"arrival_date": "$.arrival_date"}),
    "billing/credit_grants": Resource("billing.credit_grant", _CUSTOMER, has_created=False),
    "billing/credit_balance_transactions": Resource(
        "billing.credit_balance_transaction",
        {"credit_grant": "$.credit_grant"},
        owner="customer",
        has_created=False,
    ),
    "billing/meters": Resource("billing.meter", {"status": "$.status"}, has_created=False),
    "events": Resource("event", {"type": "$.type"}),
}
LINES = Resource("line_item", owner="invoice", has_created=False)
OF_PAYOUT = Resource("payout_transaction", owner="payout", has_created=True)


class ListRequest:
    """The parameters of one list or retrieval, checked against what the resource takes."""

    def __init__(
        self, params: Sequence[tuple[str, str]], resource: Resource, fixed: Mapping[str, str]
    ) -> None:
        self.limit = 10
        self.starting_after: str | None = None
        self.ending_before: str | None = None
        self.expand: list[list[str]] = []
        self.owner: str | None = None
        self.filters: dict[str, str] = {}
        self.types: list[str] = []
        self.ranges: list[tuple[str, str, int]] = []
        self._resource = resource
        for name, value in [*params, *fixed.items()]:
            self._take(name, value)
        if resource.required and self.owner is None:
            raise StripeError(
                400,
                f"Missing required param: {resource.required}.",
                code="parameter_missing",
                param=resource.required,
            )
        if self.starting_after and self.ending_before:
            raise StripeError(
                400,
                "You cannot parameterize both starting_after and ending_before.",
                param="starting_after",
            )
        cursors = ("starting_after", "ending_before", "limit")
        self.series = repr(sorted(pair for pair in params if pair[0] not in cursors))

    def _take(self, name: str, value: str) -> None:
        resource = self._resource
        bare = re.sub(r"\[\d*\]$", "", name)
        ranged = _RANGE.match(name)
        if ranged and self._is_range(ranged[1]):
            self.ranges.append((ranged[1], _RANGE_SIGNS[ranged[2]], _integer(name, value)))
        elif self._is_range(name):
            self.ranges.append((name, "=", _integer(name, value)))
        elif name == "limit":
            self.limit = _integer(name, value)
            if not 1 <= self.limit <= _MAX_LIMIT:
                raise StripeError(
                    400,
                    f"This value must be between 1 and {_MAX_LIMIT}.",
                    code="parameter_invalid_integer",
                    param="limit",
                )
        elif name in ("starting_after", "ending_before"):
            setattr(self, name, value)
        elif bare == "expand":
            steps = value.split(".")
            if len(steps) > 4 + (steps[0] == "data"):
                raise StripeError(400, "You cannot expand more than 4 levels of a property.")
            self.expand.append(steps)
        elif bare == "types" and resource.object_type == "event":
            self.types.append(value)
        elif name == resource.owner:
            self.owner = value
        elif name in resource.filters or (
            name == "payout" and resource.object_type == "balance_transaction"
        ):
            self.filters[name] = value
        else:
            raise StripeError(
                400,
                f"Received unknown parameter: {name}",
                code="parameter_unknown",
                doc_url="https://stripe.com/docs/error-codes/parameter-unknown",
                param=name,
            )

    def _is_range(self, name: str) -> bool:
        return name in self._resource.ranges or (name == "created" and self._resource.has_created)

    def conditions(self, where: list[str], values: list[Any]) -> tuple[list[str], list[Any]]:
        """The WHERE parts and values for these filters, added to those given."""
        if self.owner is not None:
            where.append("o.owner = ?")
            values.append(self.owner)
        for name, sign, number in self.ranges:
            column = "o.created" if name == "created" else self._path(self._resource.ranges[name])
            where.append(f"{column} {sign} ?")
            values.append(number)
        for name, value in self._effective_filters():
            path = self._path(self._resource.filters[name])
            if "*" in value:
                where.append(f"{path} glob ?")
                values.append(value)
            else:
                where.append(f"{path} is ?")
                values.append({"true": 1, "false": 0}.get(value, value))
        if self._resource.object_type == "subscription" and "status" not in self.filters:
            # As the vendor does: without a status, whatever was not canceled.
            where.append(f"{self._path('$.status')} is not 'canceled'")
        if self.types:
            where.append(f"{self._path('$.type')} in ({', '.join('?' * len(self.types))})")
            values += self.types
        return where, values

    def _effective_filters(self) -> Iterator[tuple[str, str]]:
        for name, value in self.filters.items():
            is_every = name == "status" and value == "all"
            if not (is_every and self._resource.object_type == "subscription"):
                yield name, value

    @staticmethod
    def _path(path: str) -> str:
        return f"json_extract(s.body, '{path}')"


def _integer(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise StripeError(
            400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name
        )
    return int(value)
