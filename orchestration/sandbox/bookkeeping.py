"""Books what one customer's documents say, by the entry rules of the ERP: transaction currency, by month.

Position accounting: a contract's billings, price reductions and revenue meet in account 2100; where a contract stands
in debit there at a month end, the debit is shown as unbilled receivable or contract asset.
"""

from __future__ import annotations

from datetime import date

from .agreements import Contract
from .amounts import divide_half_even
from .billing import Billing
from .calendars import day_of, month_first
from .cash import DISPUTE_FEE, Settlement
from .context import Context
from .documents import Invoice, Line
from .policies import Supply
from .postings import (
    CAPACITY_COST,
    CASH,
    CLEARING,
    CONTRA,
    CONTRACT_ASSET,
    DEFERRED,
    FEES,
    INTERCOMPANY,
    INTERCOMPANY_REVENUE,
    RECEIVABLE,
    SUPPLIERS,
    SUSPENSE,
    TAX,
    UNAPPLIED,
    UNBILLED,
    Postings,
)
from .recognition import Recognised, lost_parts, recognise, reductions_of


def _month(instant: int) -> date:
    return month_first(day_of(instant))


class _Books:
    """Posts one customer; keeps each contract's position by month."""

    def __init__(self, context: Context, postings: Postings) -> None:
        self.context = context
        self.postings = postings
        self.positions: dict[str, dict[date, int]] = {}
        self.usage: dict[str, dict[date, int]] = {}
        self.supplied: dict[tuple[str, Supply], tuple[int, int]] = {}

    def move(self, contract: Contract, month: date, amount: int, *, is_usage: bool) -> None:
        """Credit the contract's position, and the part of it that usage makes."""
        for positions in (self.positions, self.usage) if is_usage else (self.positions,):
            moves = positions.setdefault(contract.id, {})
            moves[month] = moves.get(month, 0) + amount

    def line(self, line: Line, amount: int, month: date) -> tuple[str, int]:
        """The account and amount for a line's net value, moving its contract's position."""
        if line.unmatched or line.contract is None:
            return SUSPENSE, amount
        is_usage = line.item is not None and line.item.is_usage
        self.move(line.contract, month, amount, is_usage=is_usage)
        return DEFERRED, amount

    def invoice(self, invoice: Invoice) -> None:
        """Issue, void, credit notes, card events."""
        entity, currency, post = invoice.entity, invoice.currency, self.postings.post
        month = _month(invoice.finalized)
        credits = [self.line(line, line.net, month) for line in invoice.lines]
        post(entity, month, "invoice", currency, RECEIVABLE, [*credits, (TAX, invoice.tax)])
        if invoice.voided is not None:
            month = _month(invoice.voided)
            credits = [self.line(line, -line.net, month) for line in invoice.lines]
            post(entity, month, "void", currency, RECEIVABLE, [*credits, (TAX, -invoice.tax)])
        for note in invoice.credit_notes:
            month = _month(note.created)
            credits = [self.line(line, -amount, month) for _, line, amount, _ in note.lines]
            post(entity, month, "credit_note", currency, RECEIVABLE, [*credits, (TAX, -note.tax)])
        self.card(invoice)

    def card(self, invoice: Invoice) -> None:
        """The charge, its fee, refunds and the dispute."""
        entity, currency, post = invoice.entity, invoice.currency, self.postings.post
        card = invoice.card
        if card is None or not card.succeeded:
            return
        month = _month(card.created)
        post(entity, month, "receipt_card", currency, CLEARING, [(RECEIVABLE, card.amount)])
        post(entity, month, "processor_fee", currency, FEES, [(CLEARING, card.fee)])
        for refund in invoice.refunds:
            month = _month(refund.created)
            post(entity, month, "refund", currency, RECEIVABLE, [(CLEARING, refund.amount)])
        dispute = invoice.dispute
        if dispute is None:
            return
        month, amount = _month(dispute.created), dispute.amount
        post(entity, month, "dispute_withdrawn", currency, RECEIVABLE, [(CLEARING, amount)])
        post(entity, month, "processor_fee", currency, FEES, [(CLEARING, DISPUTE_FEE)])
        if dispute.closed is None:
            return
        month = _month(dispute.closed)
        if dispute.outcome == "won":
            post(entity, month, "dispute_reinstated", currency, CLEARING, [(RECEIVABLE, amount)])
        else:
            lines = sorted(invoice.lines, key=lambda x: x.id)
            credits = [
                self.line(line, -part, month)
                for line, part in zip(lines, lost_parts(invoice), strict=True)
            ]
            post(entity, month, "dispute_lost", currency, RECEIVABLE, credits)

    def receipts(self, settlement: Settlement) -> None:
        """Apply each wire to the invoices it names, in order, up to what each still owes."""
        applied: dict[str, int] = {}
        for receipt in settlement.receipts:
            line, left = receipt.line, receipt.line.amount
            month, elsewhere = month_first(line.booked), 0
            for invoice in receipt.invoices:
                done = applied.get(invoice.id, 0)
                part = max(0, min(left, invoice.total - invoice.reduced - done))
                applied[invoice.id] = done + part
                left -= part
                if invoice.entity != line.entity:
                    elsewhere += part
                    self.postings.post(
                        invoice.entity, month, "intercompany_receipt", line.currency, INTERCOMPANY,
                        [(RECEIVABLE, part)],
                    )  # fmt: skip
            own = line.amount - left - elsewhere
            self.postings.post(
                line.entity, month, "receipt_bank", line.currency, CASH,
                [(RECEIVABLE, own), (INTERCOMPANY, elsewhere), (UNAPPLIED, left)],
            )  # fmt: skip

    def revenue(self, contracts: list[Contract], billing: Billing) -> None:
        """Recognise each month, then show contracts in debit as unbilled."""
        for part in recognise(self.context, contracts, billing, reductions_of(billing)):
            entity, currency, taken = part.contract.entity, part.contract.currency, part.taken
            policy = self.context.policies.sku_of(part.item.sku, entity, part.item.start)
            account = policy.revenue_account
            # Revenue is what was earned; what was taken back of it is contra revenue in the document's journal.
            earned = part.gross - part.supplier + sum(taken.values())
            self.postings.post(
                entity, part.period, "revenue", currency, DEFERRED,
                [(account, earned), (SUPPLIERS, part.supplier)],
            )  # fmt: skip
            for kind, amount in taken.items():
                self.postings.post(
                    entity, part.period, kind, currency, CONTRA[kind], [(DEFERRED, amount)]
                )
            self.move(part.contract, part.period, -part.gross, is_usage=part.item.is_usage)
            self._capacity(part)
        for contract in contracts:
            self._present(contract)

    def _capacity(self, part: Recognised) -> None:
        """The seller owes the entity that supplied the capacity its share of revenue to date."""
        seller, currency = part.contract.entity, part.contract.currency
        for supply in self.context.policies.supplies.get((seller, part.item.sku), []):
            if not supply.covers(part.period):
                continue
            sold, owed = self.supplied.get((part.item.id, supply), (0, 0))
            sold += part.gross - part.supplier
            now = divide_half_even(sold * supply.share_bps, 10_000)
            self.supplied[part.item.id, supply] = (sold, now)
            for entity, debit, credit in (
                (seller, CAPACITY_COST, INTERCOMPANY),
                (supply.supplier, INTERCOMPANY, INTERCOMPANY_REVENUE),
            ):
                self.postings.post(
                    entity, part.period, "intercompany", currency, debit, [(credit, now - owed)]
                )

    def _present(self, contract: Contract) -> None:
        """A debit is unbilled as far as usage waits for its invoice; the rest is a contract asset."""
        moves, used = self.positions.get(contract.id, {}), self.usage.get(contract.id, {})
        position = usage = 0
        shown = {UNBILLED: 0, CONTRACT_ASSET: 0}
        for month in self.context.months:
            position += moves.get(month, 0)
            usage += used.get(month, 0)
            debit = max(0, -position)
            unbilled = min(debit, max(0, -usage))
            for account, amount in ((UNBILLED, unbilled), (CONTRACT_ASSET, debit - unbilled)):
                self.postings.post(
                    contract.entity, month, "presentation", contract.currency, account,
                    [(DEFERRED, amount - shown[account])],
                )  # fmt: skip
                shown[account] = amount


def book_customer(
    context: Context,
    postings: Postings,
    contracts: list[Contract],
    billing: Billing,
    settlement: Settlement,
) -> None:
    """Everything one customer puts in the ledger."""
    books = _Books(context, postings)
    for invoice in billing.invoices:
        books.invoice(invoice)
    books.receipts(settlement)
    books.revenue(contracts, billing)
