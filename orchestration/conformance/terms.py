"""What was agreed and with whom: entities, customers, products, selling prices, contracts and their orders.

The input half of a case that Salesforce and the policy seeds hold. Dates are half open, money is in the
major units of the contract's currency.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from orchestration.conformance.values import (
    Currency,
    Fraction,
    Money,
    Name,
    Number,
    Positive,
    Quantity,
    Span,
    Strict,
)

Pattern = Literal[
    "ratable_daily",
    "ratable_monthly",
    "ratable_second",
    "point_in_time",
    "milestone",
    "percent_complete",
    "as_used",
    "commit_drawdown",
    "prepaid_credit",
]
Stream = Literal[
    "on_demand",
    "prepaid_credits",
    "reserved_capacity",
    "commit",
    "platform_seats",
    "services",
    "marketplace",
]
Method = Literal["separate", "prospective", "catch_up", "termination"]


class Entity(Strict):
    """A legal entity with its functional currency."""

    id: Name
    country: str = "US"
    currency: Currency = "USD"


class Customer(Strict):
    """A customer; ``collectable`` false, or true from a day on, is the judgement of step 1."""

    id: Name
    entity: Name | None = None
    country: str = "US"
    collectable: bool = True
    collectable_from: date | None = None


class Joins(Strict):
    """A promise that is not distinct joins the product it enables, over the contract or beyond it."""

    product: Name
    over: Literal["contract", "renewals"] = "contract"
    until: date | None = None


class Product(Strict):
    """A product and the policy by which it is recognised."""

    id: Name
    pattern: Pattern
    stream: Stream = "services"
    unit: str = "unit"
    role: Literal["principal", "agent"] = "principal"
    supplier_share: Fraction = Decimal(0)
    refundable: bool = False
    joins: Joins | None = None

    @property
    def is_usage(self) -> bool:
        return self.pattern == "as_used"


class SellingPrice(Strict):
    """A standalone selling price: of one product, or of a bundle that is observably sold together."""

    product: Name | None = None
    bundle: tuple[Name, ...] = ()
    basis: Literal["per_unit", "per_unit_month", "stated_price", "residual"] = "per_unit"
    amount: Money | None = None
    low: Money | None = None
    high: Money | None = None
    currency: Currency | None = None
    source: str = "stated in the case"
    valid_from: date = Field(default=date(2000, 1, 1), alias="from")
    valid_to: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _complete(self) -> SellingPrice:
        if (self.product is None) == (not self.bundle):
            raise ValueError("name either a product or a bundle of products")
        if self.basis in {"per_unit", "per_unit_month"} and self.amount is None:
            raise ValueError(f"basis {self.basis} needs an amount")
        if self.basis == "residual" and (self.low is None or self.high is None):
            raise ValueError(
                "basis residual needs low and high, the range that makes it reasonable"
            )
        return self


class Tier(Strict):
    """One band of a rate card: above ``from`` up to and including ``to`` (no ``to``: without end)."""

    model: Literal["graduated", "volume", "package"] = "graduated"
    above: Quantity = Field(default=Decimal(0), alias="from")
    up_to: Quantity | None = Field(default=None, alias="to")
    unit_price: Number
    flat: Money = Decimal(0)
    package: Positive | None = None


class Milestone(Strict):
    """A part of an item's price that is due and recognised when it is completed."""

    id: Name
    amount: Money
    due: date | None = None
    completed: date | None = None


class Commitment(Strict):
    """A minimum of each billing period; what charges fall short of it is billed as a true-up."""

    amount: Money
    every: Literal["week", "month", "quarter", "year"]
    anchor: Literal["calendar", "anniversary"] = "anniversary"


class Draws(Strict):
    """Usage priced in the units of a prepaid item: so many units of it for each unit used."""

    item: Name
    units: Number


class Financing(Strict):
    """Payment and transfer far apart: the rate that a financing component bears."""

    rate: Fraction
    paid: date
    cash_price: Money | None = None


class Item(Strict):
    """A line of an order. ``changes`` names the earlier item that price and quantity add to."""

    id: Name
    product: Name
    changes: Name | None = None
    quantity: Quantity = Decimal(1)
    price: Money = Decimal(0)
    service: Span
    available: date | None = None
    billing: Literal["monthly", "quarterly", "annual", "upfront", "milestone", "arrears"] = (
        "upfront"
    )
    tiers: tuple[Tier, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    commitment: Commitment | None = None
    draws: Draws | None = None
    financing: Financing | None = None


class Discount(Strict):
    """An amount off an order that belongs to these items only."""

    id: Name
    amount: Money
    items: tuple[Name, ...] = Field(min_length=1)


class Order(Strict):
    """One version of a contract. Without ``method`` a modification is decided by the rule."""

    id: Name
    type: Literal["new", "renewal", "amendment", "termination"] = "new"
    signed: date
    effective: date | None = None
    amends: Name | None = None
    method: Method | None = None
    items: tuple[Item, ...] = ()
    discounts: tuple[Discount, ...] = ()

    @property
    def effective_date(self) -> date:
        return self.effective or self.signed

    @model_validator(mode="after")
    def _amends(self) -> Order:
        if self.type in {"amendment", "termination"} and self.amends is None:
            raise ValueError(f"an order of type {self.type} needs `amends`, the order it changes")
        return self


class Contract(Strict):
    """What one customer agreed with one entity, as a sequence of orders."""

    id: Name
    customer: Name | None = None
    entity: Name | None = None
    currency: Currency | None = None
    kind: Stream = "services"
    cancellable: bool = False
    negotiated_with: tuple[Name, ...] = ()
    orders: tuple[Order, ...] = Field(min_length=1)
