"""What happened: progress, options, estimates, usage, billing documents, receipts, credits and rates.

The input half of a case that metering, Stripe, the bank and accountants' dated judgements hold. Each row
says on which day it became known; nothing is known before.
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
    Positive,
    Quantity,
    Span,
    Strict,
)


class Progress(Strict):
    """How much of an item is transferred by the end of a day: a share, units, or cost over expected cost."""

    item: Name
    on: date
    complete: Fraction | None = None
    units: Quantity | None = None
    cost: Money | None = None
    expected_cost: Money | None = None
    # Materials transferred but not installed: recognised at cost, outside the measure of progress.
    at_cost: Money = Decimal(0)

    @model_validator(mode="after")
    def _one_measure(self) -> Progress:
        given = [self.complete is not None, self.units is not None, self.cost is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of complete, units, cost")
        if (self.cost is None) != (self.expected_cost is None):
            raise ValueError("cost and expected_cost go together")
        return self


class Discounted(Strict):
    """How the selling price of an option follows from what it is likely to be used for."""

    purchases: Money
    discount: Fraction
    general_discount: Fraction = Decimal(0)
    likelihood: Fraction


class DatedUnits(Strict):
    """A number of units on a day."""

    on: date
    units: Quantity


class Option(Strict):
    """A material right granted with an order: a voucher, points, a renewal at a discount."""

    id: Name
    order: Name
    selling_price: Money | None = None
    derived: Discounted | None = None
    units: Quantity = Decimal(1)
    # Dated estimates of how many units will be exercised, and the exercises themselves.
    expected: tuple[DatedUnits, ...] = ()
    exercised: tuple[DatedUnits, ...] = ()
    expires: date | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Option:
        if (self.selling_price is None) == (self.derived is None):
            raise ValueError("give either selling_price or derived")
        return self


class Outcome(Strict):
    """One possible amount and how likely it is."""

    amount: Money
    probability: Fraction


class Target(Strict):
    """What an estimate belongs to: items, some days of them, or what is satisfied already. Empty: the contract."""

    items: tuple[Name, ...] = ()
    days: Span | None = None
    satisfied: bool = False


class Estimate(Strict):
    """A dated judgement on variable consideration. A later row with the same id replaces the earlier."""

    id: Name
    contract: Name
    kind: Literal[
        "bonus",
        "penalty",
        "rebate",
        "sla_credit",
        "concession",
        "refund",
        "return",
        "payable_to_customer",
        "discount",
        "breakage",
    ]
    known: date
    target: Target = Target()
    method: Literal["stated", "expected_value", "most_likely"] = "stated"
    amount: Money | None = None
    per_unit: Money | None = None
    outcomes: tuple[Outcome, ...] = ()
    # The furthest the estimate may raise (or must lower) the price while uncertainty lasts.
    constrained_to: Money | None = None
    cap: Money | None = None
    # The part of the stated price that the estimate is about: variable, though the order states it.
    at_risk: Money | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> Estimate:
        if self.method == "stated":
            if (self.amount is None) == (self.per_unit is None) or self.outcomes:
                raise ValueError("method stated needs exactly one of amount, per_unit")
        elif not self.outcomes or self.amount is not None or self.per_unit is not None:
            raise ValueError(f"method {self.method} needs outcomes and no amount")
        elif sum(outcome.probability for outcome in self.outcomes) != 1:
            raise ValueError("the probabilities of the outcomes do not sum to 1")
        return self


class Grant(Strict):
    """Credits of a customer: bought with a prepaid item, or given away."""

    id: Name
    item: Name
    category: Literal["paid", "promotional"]
    amount: Money
    effective: date
    expires: date | None = None
    priority: int = 50
    applies_to: tuple[Name, ...] = ()


class Usage(Strict):
    """Metered quantities of a product by day, or amounts already rated."""

    product: Name
    customer: Name | None = None
    quantities: dict[date, Quantity] = {}
    amounts: dict[date, Money] = {}

    @model_validator(mode="after")
    def _one_kind(self) -> Usage:
        if bool(self.quantities) == bool(self.amounts):
            raise ValueError("give either quantities or amounts by day")
        return self


class InvoiceLine(Strict):
    """A line of an invoice; the amount excludes tax unless the invoice says inclusive.

    ``pending_since``: the day it became a pending invoice item, due with the next invoice.
    """

    id: Name
    item: Name | None = None
    amount: Money
    tax: Money = Decimal(0)
    credits: Money = Decimal(0)
    quantity: Quantity | None = None
    period: Span | None = None
    pending_since: date | None = None


class Invoice(Strict):
    """An invoice as issued; ``balance_applied`` is what the customer's credit balance paid of it."""

    id: Name
    entity: Name | None = None
    customer: Name | None = None
    currency: Currency | None = None
    issued: date
    due: date | None = None
    tax_behaviour: Literal["exclusive", "inclusive"] = "exclusive"
    balance_applied: Money = Decimal(0)
    collection: Literal["card", "wire"] = "card"
    lines: tuple[InvoiceLine, ...] = Field(min_length=1)
    voided: date | None = None
    written_off: date | None = None
    marked_paid: date | None = None


class CreditedLine(Strict):
    """What a credit note takes off an invoice line."""

    line: Name
    amount: Money
    tax: Money = Decimal(0)


class CreditNote(Strict):
    """A credit note on one invoice."""

    id: Name
    invoice: Name
    issued: date
    lines: tuple[CreditedLine, ...] = Field(min_length=1)


class Settled(Strict):
    """What the processor paid out for a charge in another currency."""

    currency: Currency
    amount: Money


class Receipt(Strict):
    """Money of a customer, by card or on the bank account, for the invoices it names."""

    id: Name
    by: Literal["card", "bank"] = "card"
    on: date
    amount: Money
    currency: Currency | None = None
    entity: Name | None = None
    customer: Name | None = None
    invoices: tuple[Name, ...] = ()
    fee: Money = Decimal(0)
    settled: Settled | None = None


class Refund(Strict):
    """Money given back on a card receipt, with or without a credit note."""

    id: Name
    receipt: Name
    on: date
    amount: Money
    credit_note: Name | None = None


class Dispute(Strict):
    """A card holder takes a receipt back; it is closed won (for us) or lost, or stays open."""

    id: Name
    receipt: Name
    opened: date
    amount: Money
    fee: Money = Decimal(0)
    closed: date | None = None
    outcome: Literal["won", "lost"] | None = None

    @model_validator(mode="after")
    def _closed_with_outcome(self) -> Dispute:
        if (self.closed is None) != (self.outcome is None):
            raise ValueError("closed and outcome go together")
        return self


class Rate(Strict):
    """One unit of ``base`` in ``quote`` on a day."""

    on: date
    base: Currency
    quote: Currency
    rate: Positive
