"""Revenue in the sandbox's ERP: recognised to date = price known x progress, by obligation and month end.

An independent second computation of what the pipeline's models derive; it reads what was agreed, metered and
issued, never the pipeline. A month end is the first instant of the next month: what happened before it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from .agreements import Contract, Item, Order, allocate, ssp_weight
from .amounts import divide_half_even, split_by_weight
from .billing import Billing, pool_of
from .calendars import add_months, day_of, month_first
from .context import Context
from .documents import Invoice
from .policies import Policies


@dataclass(frozen=True)
class Reduction:
    """Consideration given back on one obligation: a credit note line or a lost dispute."""

    item_id: str
    day: date
    amount: int
    kind: str = "credit_note"


@dataclass(frozen=True)
class Recognised:
    """Revenue of an obligation in a month: gross and the supplier's share of it.

    What was given back of it is a row of its own, below zero, with the kind of its reduction.
    """

    contract: Contract
    item: Item
    period: date
    gross: int
    supplier: int
    kind: str = "revenue"


def lost_parts(invoice: Invoice) -> list[int]:
    """A lost dispute spread over the invoice's lines (in order of id) by net amount."""
    assert invoice.dispute is not None
    return split_by_weight(
        invoice.dispute.amount, [line.net for line in sorted(invoice.lines, key=lambda x: x.id)]
    )


def reductions_of(billing: Billing) -> list[Reduction]:
    """All price reductions of a customer."""
    found = []
    for invoice in billing.invoices:
        for note in invoice.credit_notes:
            for _, line, amount, _ in note.lines:
                if line.item is not None:
                    found.append(Reduction(line.item.id, day_of(note.created), amount))
        dispute = invoice.dispute
        if dispute is not None and dispute.outcome == "lost" and dispute.closed is not None:
            lines = sorted(invoice.lines, key=lambda x: x.id)
            for line, part in zip(lines, lost_parts(invoice), strict=True):
                if line.item is not None and part:
                    day = day_of(dispute.closed)
                    found.append(Reduction(line.item.id, day, part, "dispute_lost"))
    return found


def allocated_prices(order: Order, currency: str, policies: Policies) -> dict[str, int]:
    """The share of an order's fixed total that each fixed item bears."""
    items = [item for item in order.live_items() if not item.is_usage]
    if not items:
        return {}
    weights = []
    for item in items:
        ssp = policies.ssp[item.sku, currency]
        weights.append(ssp_weight(item, ssp.basis, ssp.minor))
    return allocate(items, weights)


def _price(item: Item, allocated: int, at: date) -> int:
    """The allocated price, cut to what remains once a termination took effect."""
    if item.terminated is not None and item.terminated <= at:
        return divide_half_even(item.terminated_total() * allocated, item.total)
    return allocated


def _fixed_progress(
    item: Item, pattern: str, drawn: Callable[[date], int], at: date
) -> tuple[int, int]:
    """Progress at an instant as a fraction."""
    if pattern == "ratable_daily":
        if item.terminated is not None and item.terminated <= at:
            return 1, 1
        total = (item.end - item.available).days
        return max(0, min((at - item.available).days, total)), total
    if pattern == "milestone":
        done = sum(m.amount for m in item.milestones if m.completed and m.completed < at)
        return done, item.total
    if item.end <= at:
        return 1, 1
    return drawn(at), item.total


def recognise(
    context: Context, contracts: list[Contract], billing: Billing, reductions: list[Reduction]
) -> list[Recognised]:
    """Revenue by obligation and month of the history, months without change left out."""
    by_item: dict[str, list[Reduction]] = {}
    for reduction in reductions:
        by_item.setdefault(reduction.item_id, []).append(reduction)
    out: list[Recognised] = []
    for contract in contracts:
        for order in contract.live_orders():
            allocated = allocated_prices(order, contract.currency, context.policies)
            for item in order.live_items():
                own = sorted(by_item.get(item.id, []), key=lambda reduction: reduction.day)
                price = allocated.get(item.id, 0)
                out.extend(
                    _Obligation(context, contract, order, item, billing, price, own).months()
                )
    return out


@dataclass
class _Obligation:
    """One obligation through the months of the history."""

    context: Context
    contract: Contract
    order: Order
    item: Item
    billing: Billing
    allocated: int
    reductions: list[Reduction]

    def months(self) -> Iterator[Recognised]:
        """Each month's revenue, then what each reduction of the month took back."""
        gross_before = supplier_before = used = 0
        bps = self.context.policies.skus[self.item.sku].supplier_share_bps
        for month in self.context.months:
            at = min(add_months(month, 1), self.context.end)
            if self.item.is_usage:
                used += self._used(month)
                gross = used - self._reduced(at)
            else:
                gross = self._worth(at, self._reduced(at))
            supplier = divide_half_even(gross * bps, 10_000)
            back = []
            for reduction in self.reductions:
                if month <= reduction.day < at:
                    taken = self._taken_back(reduction)
                    share = divide_half_even(taken * bps, 10_000)
                    row = Recognised(
                        self.contract, self.item, month, -taken, -share, reduction.kind
                    )
                    back.append(row)
            earned = gross - gross_before - sum(row.gross for row in back)
            kept = supplier - supplier_before - sum(row.supplier for row in back)
            if earned or kept:
                yield Recognised(self.contract, self.item, month, earned, kept)
            yield from back
            gross_before, supplier_before = gross, supplier

    def _used(self, month: date) -> int:
        pool = pool_of(self.order)
        drawdown = self.billing.drawdowns.get(pool.id) if pool is not None else None
        if drawdown is not None:
            return drawdown.overage.get((self.item.id, month), 0)
        return self.billing.rated.get((self.item.id, month), 0) if pool is None else 0

    def _reduced(self, at: date) -> int:
        return sum(reduction.amount for reduction in self.reductions if reduction.day < at)

    def _worth(self, at: date, reduced: int) -> int:
        """Recognised of a fixed price at an instant, with so much of the price given back."""
        pattern = self.context.policies.skus[self.item.sku].pattern
        part, whole = _fixed_progress(self.item, pattern, self._drawn, at)
        return divide_half_even((_price(self.item, self.allocated, at) - reduced) * part, whole)

    def _drawn(self, at: date) -> int:
        drawdown = self.billing.drawdowns.get(self.item.id)
        if drawdown is None:
            return 0
        if at == month_first(at):
            return sum(amount for month, amount in drawdown.drawn.items() if month < at)
        return self.billing.drawn_before(self.item, at)

    def _taken_back(self, reduction: Reduction) -> int:
        """The part of a reduction that was recognised when its day began."""
        if self.item.is_usage:
            return reduction.amount
        same_day = [other for other in self.reductions if other.day == reduction.day]
        before = self._reduced(reduction.day)
        before += sum(other.amount for other in same_day[: same_day.index(reduction)])
        after = before + reduction.amount
        return self._worth(reduction.day, before) - self._worth(reduction.day, after)
