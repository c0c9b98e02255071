"""What was issued and what happened to it: invoices, credit notes, payments, refunds, disputes, bank lines.

Plain records of one customer. ``billing`` and ``cash`` write them; the projections and the ERP read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from .agreements import Contract, Item
from .calendars import day_of


@dataclass
class Grant:
    """Billing credits of a customer; they apply to usage of one order."""

    id: str
    order_id: str
    item: Item
    category: str
    amount: int
    remaining: int
    created: int
    expires: int
    debits: list[tuple[str, int, int, str, str]] = field(default_factory=list)


@dataclass
class Line:
    """An invoice line. ``amount`` is ex tax and before credits."""

    id: str
    item: Item | None
    contract: Contract | None
    kind: str
    start: date
    end: date
    quantity: int
    quantity_text: str
    amount: int
    description: str
    has_metadata: bool = True
    unmatched: str = ""
    credits: list[tuple[str, int]] = field(default_factory=list)
    tax: int = 0
    invoice_item_id: str | None = None

    @property
    def credited(self) -> int:
        return sum(amount for _, amount in self.credits)

    @property
    def net(self) -> int:
        """Ex tax, after credits."""
        return self.amount - self.credited


@dataclass
class CreditNote:
    """A credit note with one line an invoice line credited."""

    id: str
    created: int
    reason: str
    lines: list[tuple[str, Line, int, int]]
    after_payment: bool
    refund_id: str | None = None

    @property
    def amount(self) -> int:
        return sum(amount for _, _, amount, _ in self.lines)

    @property
    def tax(self) -> int:
        return sum(tax for _, _, _, tax in self.lines)

    @property
    def total(self) -> int:
        return self.amount + self.tax


@dataclass
class Refund:
    """A refund of a card charge."""

    id: str
    created: int
    amount: int
    txn_id: str


@dataclass
class Dispute:
    """A card dispute of the whole charge."""

    id: str
    created: int
    amount: int
    outcome: str
    closed: int | None
    txn_id: str
    reversal_txn_id: str | None


@dataclass
class CardPayment:
    """How a card invoice was collected."""

    intent_id: str
    charge_id: str
    created: int
    amount: int
    fee: int
    txn_id: str
    failed_charge_id: str | None = None
    failed_at: int | None = None
    succeeded: bool = True


@dataclass(frozen=True)
class BankLine:
    """One line of a statement; the reference is unique within it."""

    account_id: str
    entity: str
    currency: str
    booked: date
    amount: int
    kind: str
    reference: str
    payer: str
    text: str
    customer_reference: str = ""

    @property
    def ref(self) -> str:
        return f"bank:transaction:{self.account_id}:{self.booked.isoformat()}:{self.reference}"


@dataclass
class Receipt:
    """A customer's wire: the bank line and the invoices it names, in order."""

    line: BankLine
    invoices: list[Invoice]


@dataclass
class Invoice:
    """An invoice as issued, and its fate."""

    id: str
    number: str
    entity: str
    currency: str
    method: str
    finalized: int
    due: date | None
    lines: list[Line]
    taxed: bool
    is_clean: bool
    planted: str = ""
    replaces: str | None = None
    voided: int | None = None
    paid: int | None = None
    out_of_band: bool = False
    uncollected: bool = False
    card: CardPayment | None = None
    credit_notes: list[CreditNote] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    dispute: Dispute | None = None

    @property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def credited(self) -> int:
        return sum(line.credited for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        return self.subtotal - self.credited + self.tax

    @property
    def issued_on(self) -> date:
        return day_of(self.finalized)

    @property
    def reduced(self) -> int:
        """Credit notes issued before payment."""
        return sum(note.total for note in self.credit_notes if not note.after_payment)
