"""Revenue in the sandbox's ERP: recognised to date = price known x progress, by obligation and month end.

An independent second computation of what the pipeline's models derive; it reads what was agreed, metered and
issued, never the pipeline. A month end is the first instant of the next month: what happened before it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from .agreements import Contract, Item, Order, allocate, ssp_weight
from .amounts import divide_half_even, split_by_weight
from .billing import Billing, pool_of
from .calendars import add_months, day_of, months_between
from .context import Context
from .documents import Invoice
from .policies import Policies
from .rating import Drawdown


@dataclass(frozen=True)
class Reduction:
    """Consideration given back on one obligation: a credit note line or a lost dispute."""

    item_id: str
    day: date
    amount: int
    kind: str = "credit_note"


@dataclass(frozen=True)
class Recognised:
    """Revenue of an obligation in a month: gross, the supplier's share of it, and by kind what was taken back.

    ``gross`` is after what was taken back.
    """

    contract: Contract
    item: Item
    period: date
    gross: int
    supplier: int
    taken: dict[str, int]


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


def allocated_prices(
    order: Order, currency: str, policies: Policies, entity: str = ""
) -> dict[str, int]:
    """The share of an order's fixed total that each fixed item bears."""
    items = [item for item in order.live_items() if not item.is_usage]
    if not items:
        return {}
    weights = []
    for item in items:
        ssp = policies.ssp_of(item.sku, currency, entity, day_of(order.activated))
        weights.append(ssp_weight(item, ssp.basis, ssp.minor))
    return allocate(items, weights)


def _price(item: Item, allocated: int, at: date) -> int:
    """The allocated price, cut to what remains once a termination took effect."""
    if item.terminated is not None and item.terminated <= at:
        return divide_half_even(item.terminated_total() * allocated, item.total)
    return allocated


def _fixed_progress(
    item: Item, pattern: str, drawdown: Drawdown | None, at: date
) -> tuple[int, int]:
    """Progress at an instant as a fraction."""
    if pattern == "ratable_daily":
        if item.terminated is not None and item.terminated <= at:
            return 1, 1
        total = (item.end - item.available).days
        return max(0, min((at - item.available).days, total)), total
    if pattern == "ratable_monthly":
        if item.terminated is not None and item.terminated <= at:
            return 1, 1
        # Every month the service touches counts alike, from its first day.
        one_day = timedelta(days=1)
        touched = months_between(item.available, item.end - one_day) + 1
        begun = months_between(item.available, at - one_day) + 1 if at > item.available else 0
        return max(0, min(begun, touched)), touched
    if pattern == "milestone":
        done = sum(m.amount for m in item.milestones if m.completed and m.completed < at)
        return done, item.total
    if item.end <= at:
        return 1, 1
    return drawdown.drawn_before(at) if drawdown is not None else 0, item.total


def _taken(
    item: Item, pattern: str, drawdown: Drawdown | None, share_bps: int, reductions: list[Reduction]
) -> dict[str, int]:
    """The part of price reductions that had been recognised when they came, by kind; an agent's is net."""
    taken: dict[str, int] = {}
    for reduction in reductions:
        part, whole = 1, 1
        if not item.is_usage:
            part, whole = _fixed_progress(item, pattern, drawdown, reduction.day)
        gross = divide_half_even(reduction.amount * part, whole)
        net = divide_half_even(gross * (10_000 - share_bps), 10_000)
        taken[reduction.kind] = taken.get(reduction.kind, 0) + net
    return taken


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
            allocated = allocated_prices(
                order, contract.currency, context.policies, contract.entity
            )
            pool = pool_of(order)
            drawdown = billing.drawdowns.get(pool.id) if pool is not None else None
            for item in order.live_items():
                out.extend(
                    _item_months(
                        context,
                        contract,
                        item,
                        pool,
                        drawdown,
                        allocated,
                        billing,
                        by_item.get(item.id, []),
                    )  # fmt: skip
                )
    return out


def _item_months(
    context: Context,
    contract: Contract,
    item: Item,
    pool: Item | None,
    drawdown: Drawdown | None,
    allocated: dict[str, int],
    billing: Billing,
    reductions: list[Reduction],
) -> list[Recognised]:
    policy = context.policies.sku_of(item.sku, contract.entity, item.start)
    gross_before = supplier_before = used = 0
    out = []
    for month in context.months:
        at = min(add_months(month, 1), context.end)
        reduced = sum(r.amount for r in reductions if r.day < at)
        if item.is_usage:
            if drawdown is not None:
                used += drawdown.overage.get((item.id, month), 0)
            elif pool is None:
                used += billing.rated.get((item.id, month), 0)
            gross = used - reduced
        else:
            numerator, denominator = _fixed_progress(item, policy.pattern, drawdown, at)
            price = _price(item, allocated[item.id], at) - reduced
            gross = divide_half_even(price * numerator, denominator)
        supplier = divide_half_even(gross * policy.supplier_share_bps, 10_000)
        within = [r for r in reductions if month <= r.day < at]
        taken = _taken(item, policy.pattern, drawdown, policy.supplier_share_bps, within)
        now = (gross - gross_before, supplier - supplier_before)
        if any(now) or any(taken.values()):
            out.append(Recognised(contract, item, month, *now, taken))
        gross_before, supplier_before = gross, supplier
    return out
