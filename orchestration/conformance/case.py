"""A case as a whole: where its figures come from, its inputs, what it expects, and whether its names resolve.

Reading files belongs to ``reading``; turning a case into evidence to ``evidence``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from orchestration.conformance.events import (
    CreditNote,
    Dispute,
    Estimate,
    Grant,
    Invoice,
    Option,
    Progress,
    Rate,
    Receipt,
    Refund,
    Usage,
)
from orchestration.conformance.expected import Expected
from orchestration.conformance.terms import (
    Contract,
    Customer,
    Entity,
    Item,
    Order,
    Product,
    SellingPrice,
)
from orchestration.conformance.values import MONEY, Currency, Name, Strict, exponent, places


class Source(Strict):
    """Who published the figures. ``oracle`` is the entry of the oracle files, where there is one."""

    cites: str = Field(min_length=3)
    oracle: str | None = None
    confidence: str | None = None


class PolicyNote(Strict):
    """Where our policy differs from the source's: both, and the reason."""

    topic: str
    source_says: str
    we_say: str
    because: str


class Case(Strict):
    """One published example with its inputs and the figures expected of the models."""

    format: Literal["1"]
    id: Name
    topic: Name
    title: str = Field(min_length=3)
    source: Source
    policy: tuple[PolicyNote, ...] = ()
    currency: Currency = "USD"

    entities: tuple[Entity, ...] = (Entity(id="MAIN"),)
    customers: tuple[Customer, ...] = (Customer(id="CUSTOMER"),)
    products: tuple[Product, ...] = ()
    selling_prices: tuple[SellingPrice, ...] = ()
    contracts: tuple[Contract, ...] = ()
    progress: tuple[Progress, ...] = ()
    options: tuple[Option, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    grants: tuple[Grant, ...] = ()
    usage: tuple[Usage, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    rates: tuple[Rate, ...] = ()

    expected: Expected

    def orders(self) -> Iterator[tuple[Contract, Order]]:
        for contract in self.contracts:
            for order in contract.orders:
                yield contract, order

    def items(self) -> Iterator[tuple[Contract, Order, Item]]:
        for contract, order in self.orders():
            for item in order.items:
                yield contract, order, item

    def currency_of(self, contract: Contract) -> str:
        return contract.currency or self.currency

    @model_validator(mode="after")
    def _names_are_unique_and_resolve(self) -> Case:
        problems = [*self._repeated(), *self._unresolved(), *self._missing_choices()]
        problems += list(_overlong(self, "", self.currency))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _known(self) -> dict[str, list[str]]:
        return {
            "entity": [row.id for row in self.entities],
            "customer": [row.id for row in self.customers],
            "product": [row.id for row in self.products],
            "contract": [row.id for row in self.contracts],
            "order": [order.id for _, order in self.orders()],
            "item": [item.id for _, _, item in self.items()],
            "option": [row.id for row in self.options],
            "grant": [row.id for row in self.grants],
            "invoice": [row.id for row in self.invoices],
            "line": [line.id for row in self.invoices for line in row.lines],
            "credit_note": [row.id for row in self.credit_notes],
            "receipt": [row.id for row in self.receipts],
        }

    def _repeated(self) -> Iterator[str]:
        for kind, names in self._known().items():
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"{kind} {name!r} is given twice"

    def _unresolved(self) -> Iterator[str]:
        known = self._known()
        # The key under which a name is used → the kind of thing it names.
        kinds = {kind: kind for kind in known}
        kinds |= {"changes": "item", "amends": "order", "bundle": "product", "items": "item"}
        kinds |= {"applies_to": "product", "negotiated_with": "contract", "invoices": "invoice"}
        for key, name, path in _names_used(self, ""):
            kind = kinds.get(key)
            if kind and name not in known[kind]:
                yield f"{path}: no {kind} {name!r} in this case"

    def _missing_choices(self) -> Iterator[str]:
        """Defaults stand in only where there is one candidate."""
        for kind, rows in (("customer", self.customers), ("entity", self.entities)):
            owners: Iterable[Any] = [*self.contracts, *self.invoices, *self.receipts]
            for owner in owners:
                if len(rows) > 1 and getattr(owner, kind) is None:
                    yield f"{type(owner).__name__.lower()} {owner.id!r} must name its {kind}"


def _names_used(node: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, Strict):
        for key in type(node).model_fields:
            value = getattr(node, key)
            where = f"{path}.{key}".lstrip(".")
            if isinstance(value, str) and key != "id":
                yield key, value, where
            elif isinstance(value, tuple) and value and isinstance(value[0], str):
                for name in value:
                    yield key, name, where
            else:
                yield from _names_used(value, where)
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _names_used(value, f"{path}[{index}]")


def _overlong(node: Any, path: str, currency: str) -> Iterator[str]:
    """Amounts written with more decimal places than their currency has."""
    if isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _overlong(value, f"{path}[{index}]", currency)
        return
    if not isinstance(node, Strict):
        return
    currency = (getattr(node, "currency", None) or currency) if path else currency
    for key, field in type(node).model_fields.items():
        value = getattr(node, key)
        where = f"{path}.{key}".lstrip(".")
        if MONEY in field.metadata or _mentions_money(field.annotation):
            for amount in _amounts(value):
                if places(amount) > exponent(currency):
                    yield f"{where}: {amount} has more decimal places than {currency}"
        else:
            yield from _overlong(value, where, currency)


def _amounts(value: Any) -> Iterator[Decimal]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _amounts(part)
    elif isinstance(value, Decimal):
        yield value


def _mentions_money(annotation: Any) -> bool:
    parts = getattr(annotation, "__metadata__", ())
    return MONEY in parts or any(_mentions_money(part) for part in get_args(annotation))
