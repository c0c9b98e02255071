"""Settles one customer's invoices: cards, wires, instalments, credit notes, refunds, disputes; plants cash faults.

Wires name invoice numbers in their remittance text; accounts receivable marks the invoices paid out of band a few
days later. An instalment says so in its text, which is what tells it from a short payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from .amounts import divide_half_even, split_evenly
from .billing import VAT_PERCENT, Billing
from .calendars import DAY, business_day, month_first, unix
from .context import Context
from .documents import BankLine, CardPayment, CreditNote, Dispute, Invoice, Line, Receipt, Refund
from .people import Customer

CARD_FAILS, REFUNDED, DISPUTED = 0.03, 0.015, 0.01
CREDITED, UNPAID, INSTALMENTS = 0.02, 0.02, 0.03
DISPUTE_FEE = 1_500
# Each payer of the Exchange sends one of its wires to the account of the parent.
WRONG_ACCOUNT, MISDIRECTED = {"US02": "US01"}, 3
CASH_DEFECTS = (
    "PAID_WITHOUT_RECEIPT",
    "SHORT_PAYMENT",
    "OVERPAYMENT",
    "DUPLICATE_PAYMENT",
    "RECEIPT_NOT_RECORDED",
)


@dataclass
class Settlement:
    """The bank receipts of one customer."""

    receipts: list[Receipt] = field(default_factory=list)


def card_fee(entity: str, amount: int) -> int:
    """The processor's fee: 2.9 % + 30 in the United States, 1.5 % + 20 in the United Kingdom."""
    if entity == "UK01":
        return divide_half_even(amount * 15, 1_000) + 20
    return divide_half_even(amount * 29, 1_000) + 30


class _Cashier:
    """Settles one customer's invoices."""

    def __init__(self, context: Context, customer: Customer, billing: Billing) -> None:
        self.context = context
        self.customer = customer
        self.rng = customer.rng
        self.invoices = [invoice for invoice in billing.invoices if invoice.voided is None]
        self.result = Settlement()

    def run(self) -> Settlement:
        """Decide the fate of every invoice that was not voided."""
        owed = []
        for invoice in self.invoices:
            if invoice.total == 0:
                invoice.paid = invoice.finalized + 60
            else:
                owed.append(invoice)
        if self.customer.pays_by_card:
            self._cards(owed)
        else:
            self._wires(owed)
        self.result.receipts.sort(key=lambda receipt: (receipt.line.booked, receipt.line.reference))
        return self.result

    # Cards ----------------------------------------------------------------------------------

    def _cards(self, owed: list[Invoice]) -> None:
        first = self.customer.round == 0
        forced = {
            "refund": first and self.customer.slot in (0, 10, 15),
            "dispute": first and self.customer.slot in (7, 11),
        }
        for invoice in owed:
            self._charge(invoice)
            card = invoice.card
            if card is None or not card.succeeded or not invoice.is_clean:
                continue
            chance = self.rng.random()
            if chance < REFUNDED or forced["refund"]:
                if self._refund(invoice, card):
                    forced["refund"] = False
            elif not self.customer.is_taxed and (chance < REFUNDED + DISPUTED or forced["dispute"]):
                forced["dispute"] &= not self._dispute(invoice, card)
        if first and self.customer.slot == 18:
            self._open_dispute(owed)

    def _charge(self, invoice: Invoice) -> None:
        ids, key = self.context.ids, invoice.id
        at = invoice.finalized + 3_600
        failed = self.rng.random() < CARD_FAILS
        retry = at + 3 * DAY + 600
        card = CardPayment(
            intent_id=ids.stripe("pi", key),
            charge_id=ids.stripe("ch", key),
            created=retry if failed else at,
            amount=invoice.total,
            fee=card_fee(invoice.entity, invoice.total),
            txn_id=ids.stripe("txn", f"charge/{key}"),
        )
        if failed:
            card.failed_charge_id, card.failed_at = ids.stripe("ch", f"failed/{key}"), at
            card.succeeded = retry <= self.context.clock
        invoice.card = card
        if card.succeeded:
            invoice.paid = card.created

    def _refund(self, invoice: Invoice, card: CardPayment) -> bool:
        """Part of a line is credited and refunded to the card."""
        lines = [line for line in invoice.lines if line.net > 2_000 and line.item is not None]
        at = card.created + self.rng.randrange(4, 25) * DAY + 3 * 3_600
        if not lines or at > self.context.clock:
            return False
        line = self.rng.choice(lines)
        amount = divide_half_even(line.net * self.rng.randrange(15, 60), 100)
        note = self._credit_note(invoice, line, amount, at, "order_change", after_payment=True)
        ids = self.context.ids
        refund = Refund(
            ids.stripe("re", note.id), at + 60, note.total, ids.stripe("txn", f"refund/{note.id}")
        )
        note.refund_id = refund.id
        invoice.refunds.append(refund)
        return True

    def _credit_note(
        self,
        invoice: Invoice,
        line: Line,
        amount: int,
        at: int,
        reason: str,
        *,
        after_payment: bool,
    ) -> CreditNote:
        ids = self.context.ids
        number = len(invoice.credit_notes) + 1
        tax = divide_half_even(amount * VAT_PERCENT, 100) if invoice.taxed else 0
        note = CreditNote(
            id=ids.stripe("cn", f"{invoice.id}/{number}"),
            created=at,
            reason=reason,
            lines=[(ids.stripe("cnli", f"{invoice.id}/{number}"), line, amount, tax)],
            after_payment=after_payment,
        )
        invoice.credit_notes.append(note)
        return note

    def _dispute(self, invoice: Invoice, card: CardPayment) -> bool:
        created = card.created + self.rng.randrange(8, 30) * DAY
        outcome = self.rng.choice(("won", "lost"))
        if self.customer.round == 0 and self.customer.slot in (7, 11):
            outcome = "lost" if self.customer.slot == 7 else "won"
        return self._record_dispute(invoice, card, created, outcome)

    def _open_dispute(self, owed: list[Invoice]) -> None:
        """A dispute still under review at the end of the history."""
        for invoice in reversed(owed):
            card = invoice.card
            usable = invoice.is_clean and not invoice.refunds and invoice.dispute is None
            if card is not None and card.succeeded and usable:
                created = self.context.clock - 12 * DAY
                if card.created + DAY < created and self._record_dispute(
                    invoice, card, created, "won"
                ):
                    return

    def _record_dispute(
        self, invoice: Invoice, card: CardPayment, created: int, outcome: str
    ) -> bool:
        if created > self.context.clock or any(line.item is None for line in invoice.lines):
            return False
        ids, closed = self.context.ids, created + 35 * DAY
        resolved = closed <= self.context.clock
        won = resolved and outcome == "won"
        invoice.dispute = Dispute(
            id=ids.stripe("dp", invoice.id),
            created=created,
            amount=card.amount,
            outcome=outcome if resolved else "under_review",
            closed=closed if resolved else None,
            txn_id=ids.stripe("txn", f"dispute/{invoice.id}"),
            reversal_txn_id=ids.stripe("txn", f"reversal/{invoice.id}") if won else None,
        )
        return True

    # Wires ----------------------------------------------------------------------------------

    def _wires(self, owed: list[Invoice]) -> None:
        planted = self._plant(owed)
        first = self.customer.round == 0
        batches: dict[tuple[date, str, str], list[Invoice]] = {}
        forced = {
            "credit": first and self.customer.slot in (2, 16),
            "instalments": first and self.customer.slot in (2, 5, 8),
            "unpaid": first and self.customer.slot == 12,
        }
        for invoice in owed:
            if invoice.id in planted:
                continue
            paid_on = self._pay_day(invoice)
            chance = self.rng.random()
            if invoice.is_clean:
                if (chance < CREDITED or forced["credit"]) and self._sla_credit(invoice, paid_on):
                    forced["credit"] = False
                elif chance < CREDITED + UNPAID or forced["unpaid"]:
                    forced["unpaid"] = False
                    continue
                elif chance < CREDITED + UNPAID + INSTALMENTS or forced["instalments"]:
                    forced["instalments"] = False
                    self._instalments(invoice, paid_on)
                    continue
            if paid_on < self.context.end:
                key = (paid_on, invoice.entity, invoice.currency)
                if not self.customer.batch:
                    key = (paid_on, invoice.entity, f"{invoice.currency}/{invoice.id}")
                batches.setdefault(key, []).append(invoice)
        for number, ((paid_on, _, _), invoices) in enumerate(sorted(batches.items()), 1):
            amount = sum(invoice.total - invoice.reduced for invoice in invoices)
            into = WRONG_ACCOUNT.get(invoices[0].entity) if number == MISDIRECTED else None
            self._receive(invoices, paid_on, amount, into=into)
            for invoice in invoices:
                self._mark_paid(invoice, paid_on)

    def _pay_day(self, invoice: Invoice) -> date:
        assert invoice.due is not None
        if not self.customer.batch:
            return business_day(invoice.due + timedelta(days=self.rng.randrange(-6, 13)))
        ready = invoice.due - timedelta(days=5)
        run = ready.replace(day=20)
        if run < ready:
            run = month_first(run + timedelta(days=31)).replace(day=20)
        return business_day(run)

    def _receive(
        self,
        invoices: list[Invoice],
        booked: date,
        amount: int,
        *,
        prefix: str = "INV",
        turn: int = 0,
        into: str | None = None,
    ) -> BankLine:
        first = invoices[0]
        entity = into or first.entity
        account = self.context.policies.bank_accounts[entity, first.currency]
        line = BankLine(
            account_id=account.account_id,
            entity=entity,
            currency=first.currency,
            booked=booked,
            amount=amount,
            kind="customer_receipt",
            reference=self.context.ids.code("bank", f"{first.id}/{booked}/{turn}", 12),
            payer=self.customer.name.upper(),
            text=f"{prefix} {' '.join(invoice.number for invoice in invoices)}",
            customer_reference=first.number,
        )
        self.result.receipts.append(Receipt(line, invoices))
        return line

    def _mark_paid(self, invoice: Invoice, booked: date) -> None:
        at = unix(booked + timedelta(days=self.rng.randrange(1, 6)), 15, self.rng.randrange(60))
        if at <= self.context.clock:
            invoice.paid, invoice.out_of_band = at, True

    def _sla_credit(self, invoice: Invoice, paid_on: date) -> bool:
        """Capacity was down: part of a fixed line is credited before the invoice is paid."""
        lines = [x for x in invoice.lines if x.kind == "fixed" and x.item and x.amount > 10_000]
        day = invoice.issued_on + timedelta(days=self.rng.randrange(3, 14))
        if not lines or day >= min(paid_on, self.context.end):
            return False
        line = self.rng.choice(lines)
        amount = divide_half_even(line.net * self.rng.randrange(3, 16), 100)
        self._credit_note(
            invoice, line, amount, unix(day, 13, 20), "product_unsatisfactory", after_payment=False
        )
        return True

    def _instalments(self, invoice: Invoice, paid_on: date) -> None:
        """The customer pays in parts a month apart; the last may lie beyond the history."""
        count = self.rng.choice((2, 3))
        day = paid_on
        for turn, part in enumerate(split_evenly(invoice.total, count), 1):
            if day >= self.context.end:
                return
            self._receive(
                [invoice], day, part, prefix=f"INSTALMENT {turn} OF {count} INV", turn=turn
            )
            last, day = day, business_day(day + timedelta(days=30))
        self._mark_paid(invoice, last)

    # Faults ---------------------------------------------------------------------------------

    def _plant(self, owed: list[Invoice]) -> set[str]:
        """Plant the cash defects that are due on clean invoices; returns the invoices they hold."""
        held: set[str] = set()
        for kind in CASH_DEFECTS:
            if not self.context.catalogue.wants(kind):
                continue
            choices = [
                invoice
                for invoice in owed
                if invoice.is_clean
                and invoice.id not in held
                and invoice.due is not None
                and invoice.due + timedelta(days=40) < self.context.end
            ]
            if choices:
                invoice = self.rng.choice(choices)
                held.add(invoice.id)
                invoice.planted, invoice.is_clean = kind, False
                self.context.catalogue.take(kind)
                self._apply(kind, invoice)
        return held

    def _apply(self, kind: str, invoice: Invoice) -> None:
        assert invoice.due is not None
        day = business_day(invoice.due + timedelta(days=self.rng.randrange(0, 9)))
        total = invoice.total
        ref, period, stake = f"stripe:invoice:{invoice.id}", month_first(invoice.issued_on), total
        if kind == "PAID_WITHOUT_RECEIPT":
            self._mark_paid(invoice, day)
        elif kind == "RECEIPT_NOT_RECORDED":
            self._receive([invoice], day, total)
        elif kind in ("SHORT_PAYMENT", "OVERPAYMENT"):
            stake = max(100, divide_half_even(total * self.rng.randrange(2, 9), 100))
            paid = total - stake if kind == "SHORT_PAYMENT" else total + stake
            line = self._receive([invoice], day, paid)
            ref, period = line.ref, month_first(day)
            if kind == "OVERPAYMENT":
                self._mark_paid(invoice, day)
        else:
            self._receive([invoice], day, total)
            self._mark_paid(invoice, day)
            again = business_day(day + timedelta(days=self.rng.randrange(6, 20)))
            line = self._receive([invoice], again, total, turn=1)
            ref, period = line.ref, month_first(again)
        self.context.catalogue.record(
            kind,
            ref=ref,
            entity=invoice.entity,
            customer_id=self.customer.account_id,
            period=period,
            amount=stake,
        )


def settle(context: Context, customer: Customer, billing: Billing) -> Settlement:
    """Decide how every invoice of a customer is settled."""
    return _Cashier(context, customer, billing).run()
