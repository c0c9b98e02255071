"""What a case expects of the models: prices, allocations, revenue, entries, balances, exceptions and the rest.

Each section is compared with one relation of the warehouse. A row checks the periods it lists;
``nothing_else`` also demands that every other month and account is zero.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from orchestration.conformance.terms import Method
from orchestration.conformance.values import (
    ByDay,
    ByInstant,
    ByPeriod,
    Currency,
    Instant,
    Money,
    Name,
    Period,
    Positive,
    Strict,
)

AccountName = Annotated[str, Field(pattern=r"^([0-9]{4}|[a-z][a-z_]*)$")]


class ExpectedPrice(Strict):
    """The transaction price of a contract at the end of a period (or as last known), fixed and variable."""

    contract: Name
    at: Instant | None = None
    total: Money | None = None
    fixed: Money | None = None
    variable: Money | None = None


class ExpectedAllocation(Strict):
    """An obligation's share of the price, as last known."""

    item: Name | None = None
    option: Name | None = None
    amount: Money


class ExpectedModification(Strict):
    """How an order changed its contract."""

    order: Name
    method: Method


class ExpectedRevenue(Strict):
    """Recognised revenue of an obligation, an option, a contract, or of the whole case.

    ``net`` is after a supplier's share; before it otherwise. ``catch_up`` is the part of a period's revenue that
    belongs to what was delivered before the price or the progress was known.
    """

    item: Name | None = None
    option: Name | None = None
    contract: Name | None = None
    measure: Literal["gross", "net"] = "gross"
    recognised: dict[Period, Money] = Field(default={}, alias="in")
    to_date: dict[Instant, Money] = {}
    catch_up: dict[Period, Money] = {}
    remaining: dict[Instant, Money] = {}
    nothing_else: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> ExpectedRevenue:
        if not (self.recognised or self.to_date or self.catch_up or self.remaining):
            raise ValueError("give at least one of in, to_date, catch_up, remaining")
        return self


class ExpectedAccounts(Strict):
    """Movements or closing balances by account, on the account's normal side (a liability of 14 is 14).

    ``functional`` reads the entity's functional currency, ``transaction`` the currency of the document.
    """

    entity: Name | None = None
    contract: Name | None = None
    books: Literal["transaction", "functional"] = "transaction"
    currency: Currency | None = None
    movements: dict[AccountName, ByPeriod] = {}
    balances: dict[AccountName, ByInstant] = {}
    nothing_else: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> ExpectedAccounts:
        if not (self.movements or self.balances):
            raise ValueError("give movements or balances")
        return self


class ExpectedWaterfall(Strict):
    """A row of the revenue waterfall: what was booked in a month and when it is recognised."""

    booked: Instant
    recognised: ByPeriod = Field(alias="in")
    remaining: dict[Instant, Money] = {}


class ExpectedDrawdown(Strict):
    """What usage has taken from a grant, or from the item that was bought, and what is left of it."""

    item: Name | None = None
    grant: Name | None = None
    drawn: ByDay | None = None
    left: ByDay | None = None


class ExpectedCharge(Strict):
    """What an item should be invoiced for a period: its price, its usage, or a true-up to a minimum."""

    item: Name
    kind: Literal["price", "usage", "true_up"]
    amounts: ByPeriod = Field(alias="in")


class ExpectedRating(Strict):
    """What the usage of single days is worth, given what came before it in its month."""

    item: Name
    amounts: ByDay = Field(alias="on")


class ExpectedFinancing(Strict):
    """Interest of a significant financing component."""

    item: Name
    interest: ByPeriod


class ExpectedRemaining(Strict):
    """Remaining performance obligations at the cut-off, by the period in which they will be satisfied."""

    contract: Name | None = None
    bands: dict[Period, Money] = Field(default={}, alias="in")
    total: Money | None = None


class ExpectedException(Strict):
    """A reason code that the exception list must carry for each thing named here, and the amount it shows.

    ``reason`` is a part of the sentence shown beside the code. ``on_hold`` lists the contract as held.
    """

    reason_code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]
    contract: Name | None = None
    order: Name | None = None
    item: Name | None = None
    invoice: Name | None = None
    amount: Money | None = None
    reason: str | None = None
    on_hold: bool | None = None

    @model_validator(mode="after")
    def _names_something(self) -> ExpectedException:
        if not (self.contract or self.order or self.item or self.invoice):
            raise ValueError("name at least one of contract, order, item, invoice")
        if self.on_hold is not None and self.contract is None:
            raise ValueError("on_hold needs the contract that is on hold, or is not")
        return self


class Expected(Strict):
    """Every figure the source publishes; ``rounded_to`` is the unit it was rounded to."""

    rounded_to: Positive | None = None
    prices: tuple[ExpectedPrice, ...] = ()
    allocations: tuple[ExpectedAllocation, ...] = ()
    modifications: tuple[ExpectedModification, ...] = ()
    revenue: tuple[ExpectedRevenue, ...] = ()
    accounts: tuple[ExpectedAccounts, ...] = ()
    waterfall: tuple[ExpectedWaterfall, ...] = ()
    drawdowns: tuple[ExpectedDrawdown, ...] = ()
    charges: tuple[ExpectedCharge, ...] = ()
    rated: tuple[ExpectedRating, ...] = ()
    financing: tuple[ExpectedFinancing, ...] = ()
    remaining_obligations: tuple[ExpectedRemaining, ...] = ()
    exceptions: tuple[ExpectedException, ...] = ()

    @model_validator(mode="after")
    def _expects_something(self) -> Expected:
        if not any(getattr(self, name) for name in Expected.model_fields if name != "rounded_to"):
            raise ValueError("a case expects at least one thing")
        return self
