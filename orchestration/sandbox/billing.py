"""Issues the invoices of one customer from its orders and usage, and plants the faults of billing.

Fixed items bill in advance on the first day of each period, usage in arrears on the first of the next month,
milestones on completion. Lines due on one day share an invoice.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import date, timedelta

from .agreements import Contract, Item, Order, PlanRow
from .amounts import divide_half_even, micros_text
from .calendars import add_months, month_first, unix
from .context import Context
from .documents import Grant, Invoice, Line
from .people import WIRE, Customer, make_twin
from .rating import Drawdown, draw_down, rate
from .usage import CustomerUsage, ItemUsage

VAT_PERCENT = 20
METADATA_MISSING = 0.03
VOID_CHANCE = 0.012
GRANT_PRIORITY = {"promotional": 50, "paid": 50}
ORDER_DEFECTS = (
    "BILLED_WRONG_ENTITY",
    "BILLED_WRONG_CURRENCY",
    "BILLED_AFTER_TERMINATION",
    "BILLED_QUANTITY_MISMATCH",
    "BILLED_PRICE_MISMATCH",
    "ORDER_NOT_BILLED",
    "BILLED_TWICE",
    "BILLED_WITHOUT_ORDER",
)


@dataclass
class _Draft:
    """A line to be issued on a day."""

    day: date
    kind: str
    item: Item | None
    contract: Contract | None
    order: Order | None
    start: date
    end: date
    quantity: int
    quantity_text: str
    amount: int
    description: str
    planted: str = ""
    stake: int = 0
    unmatched: str = ""
    parent_is_item: bool = False


@dataclass
class _Group:
    """Drafts that become one invoice."""

    day: date
    entity: str
    currency: str
    drafts: list[_Draft]
    replaces: str | None = None


@dataclass
class Billing:
    """Everything billed to one customer."""

    invoices: list[Invoice] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    rated: dict[tuple[str, date], int] = field(default_factory=dict)
    drawdowns: dict[str, Drawdown] = field(default_factory=dict)


def pool_of(order: Order) -> Item | None:
    """The commitment or credits of an order that its usage draws down."""
    for item in order.live_items():
        if item.sku in ("COMMIT-SPEND", "CREDITS-PREPAID"):
            return item
    return None


class _Biller:
    """Issues one customer's invoices."""

    def __init__(
        self, context: Context, customer: Customer, contracts: list[Contract], usage: CustomerUsage
    ) -> None:
        self.context = context
        self.customer = customer
        self.contracts = contracts
        self.usage = usage
        self.result = Billing()
        self.orders = {
            item.id: (contract, order)
            for contract in contracts
            for order in contract.live_orders()
            for item in order.live_items()
        }

    def run(self) -> Billing:
        """Rate, draft, plant, issue."""
        self._rate()
        self._grants()
        drafts = self._fixed_drafts() + self._usage_drafts()
        special = self._plant(drafts)
        heap: list[tuple[date, int, _Group]] = []
        by_day: dict[date, list[_Draft]] = {}
        for draft in drafts:
            by_day.setdefault(draft.day, []).append(draft)
        groups = special + [
            _Group(day, self.customer.entity, self.customer.currency, rows)
            for day, rows in by_day.items()
        ]
        for number, group in enumerate(groups):
            heapq.heappush(heap, (group.day, number, group))
        turn = len(groups)
        while heap:
            _, _, group = heapq.heappop(heap)
            invoice = self._issue(group)
            again = self._void(invoice, group)
            if again is not None:
                turn += 1
                heapq.heappush(heap, (again.day, turn, again))
        return self.result

    # Rating ---------------------------------------------------------------------------------

    def _rate(self) -> None:
        for line in self.usage.items:
            for month, quantity in line.final.items():
                self.result.rated[line.item.id, month] = rate(line.item.tiers, quantity)
        for contract in self.contracts:
            for order in contract.live_orders():
                pool = pool_of(order)
                lines = [u for u in self.usage.items if self.orders[u.item.id][1] is order]
                if pool is not None and lines:
                    self.result.drawdowns[pool.id] = draw_down(pool, lines, self.result.rated)

    def _grants(self) -> None:
        ids = self.context.ids
        for contract in self.contracts:
            for order in contract.live_orders():
                pool = pool_of(order)
                if pool is None or pool.sku != "CREDITS-PREPAID":
                    continue
                created = unix(pool.start, 8, 30)
                if created > self.context.clock:
                    continue
                expires = unix(add_months(month_first(pool.end - timedelta(days=1)), 1)) + 86_400
                sizes = (("promotional", pool.promotional), ("paid", pool.total))
                for category, amount in sizes:
                    if amount:
                        grant_id = ids.stripe("credgr", f"{pool.key}/{category}")
                        self.result.grants.append(
                            Grant(grant_id, order.id, pool, category, amount, amount, created, expires)
                        )  # fmt: skip

    # Drafts ---------------------------------------------------------------------------------

    def _fixed_draft(self, item: Item, row: PlanRow) -> _Draft:
        contract, order = self.orders[item.id]
        return _Draft(
            day=row.start,
            kind="fixed",
            item=item,
            contract=contract,
            order=order,
            start=row.start,
            end=row.end,
            quantity=item.quantity,
            quantity_text=str(item.quantity),
            amount=row.amount,
            description=f"{item.description} ({row.start.isoformat()})",
            parent_is_item=item.frequency in ("upfront", "milestone"),
        )

    def _fixed_drafts(self) -> list[_Draft]:
        return [
            self._fixed_draft(item, row)
            for contract in self.contracts
            for item in contract.items()
            for row in item.plan()
            if row.start < self.context.end
        ]

    def _usage_drafts(self) -> list[_Draft]:
        drafts = []
        for line in self.usage.items:
            for month in self.context.months:
                if add_months(month, 1) < self.context.end:
                    draft = self._usage_draft(line, month)
                    if draft is not None:
                        drafts.append(draft)
        return drafts

    def _usage_draft(self, line: ItemUsage, month: date) -> _Draft | None:
        quantity = line.billed.get(month, 0)
        if not quantity:
            return None
        item, planted = line.item, line.planted.get(month, "")
        contract, order = self.orders[item.id]
        pool = pool_of(order)
        final = self.result.rated.get((item.id, month), 0)
        amount = rate(item.tiers, quantity)
        if pool is not None and pool.sku == "COMMIT-SPEND":
            amount = self.result.drawdowns[pool.id].overage.get((item.id, month), 0)
        stake = abs(final - amount)
        if planted == "USAGE_RATE_MISMATCH":
            wrong = divide_half_even(amount * 108, 100)
            amount, stake = wrong, wrong - amount
        if planted == "USAGE_NOT_BILLED":
            self.context.catalogue.record(
                planted,
                ref=f"salesforce:order_item:{item.id}",
                entity=contract.entity,
                customer_id=self.customer.account_id,
                period=month,
                amount=final,
            )
            return None
        if not amount:
            return None
        return _Draft(
            day=add_months(month, 1),
            kind="usage",
            item=item,
            contract=contract,
            order=order,
            start=month,
            end=add_months(month, 1),
            quantity=quantity // 1_000_000,
            quantity_text=micros_text(quantity),
            amount=amount,
            description=f"{item.description}, {month:%B %Y}",
            planted=planted,
            stake=stake,
        )

    # Faults ---------------------------------------------------------------------------------

    def _plant(self, drafts: list[_Draft]) -> list[_Group]:
        """Plant the order defects that are due; returns invoices that stand on their own."""
        special: list[_Group] = []
        catalogue = self.context.catalogue
        for kind in ORDER_DEFECTS:
            if catalogue.wants(kind):
                choices = [draft for draft in drafts if self._fits(kind, draft)]
                if kind == "BILLED_AFTER_TERMINATION":
                    choices = self._after_termination()
                if choices:
                    self._apply(kind, self.customer.rng.choice(choices), drafts, special)
        if catalogue.wants("CREDITS_NOT_APPLIED"):
            self._withhold_credits(drafts)
        return special

    def _withhold_credits(self, drafts: list[_Draft]) -> None:
        """The first month that credits cover whole, of an order whose earlier months are as they should be."""
        for draft in sorted(drafts, key=lambda draft: draft.start):
            if draft.kind != "usage" or draft.item is None or draft.order is None:
                continue
            pool, month = pool_of(draft.order), month_first(draft.start)
            if pool is None or pool.sku != "CREDITS-PREPAID":
                continue
            drawdown = self.result.drawdowns.get(pool.id)
            disturbed = any(
                other.planted and other.order is draft.order and other.start <= draft.start
                for other in drafts
            )
            covered = drawdown is not None and not any(
                drawdown.overage.get((item.id, month)) for item in draft.order.live_items()
            )
            free = self.context.catalogue.is_free(draft.item.id, month)
            if covered and free and not disturbed:
                self.context.catalogue.take("CREDITS_NOT_APPLIED", draft.item.id, month)
                draft.planted, draft.stake = "CREDITS_NOT_APPLIED", draft.amount
                return

    def _fits(self, kind: str, draft: _Draft) -> bool:
        item = draft.item
        if draft.kind != "fixed" or item is None or draft.planted:
            return False
        if item.sku == "CREDITS-PREPAID" or item.terminated is not None:
            return False
        if not self.context.catalogue.is_free(item.id, month_first(draft.start)):
            return False
        if draft.day + timedelta(days=12) >= self.context.end:
            return False
        if kind == "BILLED_QUANTITY_MISMATCH":
            return draft.quantity >= 2
        if kind == "BILLED_WRONG_ENTITY":
            return self.customer.entity in ("US01", "US02")
        if kind == "BILLED_WRONG_CURRENCY":
            return self.customer.entity == "UK01" and not self.customer.is_taxed
        return True

    def _after_termination(self) -> list[_Draft]:
        out = []
        for contract in self.contracts:
            for item in contract.items():
                if item.terminated is None or item.is_usage:
                    continue
                late = [row for row in item.full_plan() if row.start >= item.terminated]
                if late and late[0].start + timedelta(days=12) < self.context.end:
                    out.append(self._fixed_draft(item, late[0]))
        return out

    def _apply(self, kind: str, draft: _Draft, drafts: list[_Draft], special: list[_Group]) -> None:
        customer, item = self.customer, draft.item
        assert item is not None and draft.contract is not None
        planned, period = draft.amount, month_first(draft.start)
        self.context.catalogue.take(kind, item.id, period)
        if kind == "BILLED_WITHOUT_ORDER":
            amount = customer.rng.randrange(40, 400) * 1_250
            manual = _Draft(
                draft.day, "manual", None, None, None, draft.day, draft.day, 1, "1", amount,
                "Support hours outside contract", planted=kind, stake=amount,
                unmatched="no_order", parent_is_item=True,
            )  # fmt: skip
            drafts.append(manual)
            draft.planted = draft.planted or "neighbour"
            return
        if kind == "ORDER_NOT_BILLED":
            drafts.remove(draft)
            self.context.catalogue.record(
                kind,
                ref=f"salesforce:order_item:{item.id}",
                entity=draft.contract.entity,
                customer_id=customer.account_id,
                period=period,
                amount=planned,
            )
            return
        if kind == "BILLED_TWICE":
            second = self._fixed_draft(item, PlanRow(0, draft.start, draft.end, planned))
            second.day = draft.day + timedelta(days=4)
            second.planted, second.stake = kind, planned
            draft.planted = "neighbour"
            special.append(_Group(second.day, customer.entity, customer.currency, [second]))
            return
        draft.planted, draft.stake = kind, planned
        if kind == "BILLED_PRICE_MISMATCH":
            draft.amount = divide_half_even(planned * customer.rng.choice((90, 94, 107, 110)), 100)
            draft.stake = draft.amount - planned
        elif kind == "BILLED_QUANTITY_MISMATCH":
            draft.quantity += customer.rng.choice((-1, 1, 2))
            draft.amount = divide_half_even(planned * draft.quantity, item.quantity)
            draft.stake = draft.amount - planned
        elif kind == "BILLED_AFTER_TERMINATION":
            special.append(_Group(draft.day, customer.entity, customer.currency, [draft]))
        elif kind == "BILLED_WRONG_ENTITY":
            drafts.remove(draft)
            other = "US02" if customer.entity == "US01" else "US01"
            make_twin(customer, other, self.context.ids, unix(draft.day, 6, 30))
            draft.unmatched, draft.parent_is_item = "wrong_entity", True
            special.append(_Group(draft.day, other, customer.currency, [draft]))
        elif kind == "BILLED_WRONG_CURRENCY":
            drafts.remove(draft)
            other = customer.rng.choice(
                [c for c in ("EUR", "GBP", "USD") if c != customer.currency]
            )
            draft.unmatched, draft.parent_is_item = "wrong_currency", True
            special.append(_Group(draft.day, customer.entity, other, [draft]))

    # Invoices -------------------------------------------------------------------------------

    def _issue(self, group: _Group) -> Invoice:
        context, customer = self.context, self.customer
        rank = len(self.result.invoices) + 1
        key = f"{customer.index}/{rank}"
        taxed = customer.is_taxed
        finalized = unix(group.day, 8, customer.rng.randrange(5, 55), rank % 60)
        invoice_id = context.ids.stripe("in", key)
        lines = []
        for number, draft in enumerate(group.drafts, 1):
            line_id = context.ids.stripe("il", f"{key}/{number}")
            line = Line(
                id=line_id,
                item=draft.item,
                contract=draft.contract,
                kind=draft.kind,
                start=draft.start,
                end=draft.end,
                quantity=draft.quantity,
                quantity_text=draft.quantity_text,
                amount=draft.amount,
                description=draft.description,
                unmatched=draft.unmatched,
            )
            if draft.parent_is_item:
                line.invoice_item_id = context.ids.stripe("ii", f"{key}/{number}")
                line.has_metadata = draft.kind != "manual"
            elif draft.kind == "fixed" and not draft.planted:
                line.has_metadata = customer.rng.random() >= METADATA_MISSING
            withheld = draft.planted == "CREDITS_NOT_APPLIED"
            if draft.kind == "usage" and draft.order is not None and not withheld:
                self._apply_credits(line, draft.order, invoice_id, finalized)
            if taxed:
                line.tax = divide_half_even(line.net * VAT_PERCENT, 100)
            lines.append(line)
            if draft.planted in self.context.policies.handoffs:
                context.catalogue.record(
                    draft.planted,
                    ref=f"stripe:invoice_line:{line_id}",
                    entity=group.entity if draft.contract is None else draft.contract.entity,
                    customer_id=customer.account_id,
                    period=month_first(draft.start),
                    amount=draft.stake,
                )
        invoice = Invoice(
            id=invoice_id,
            number=customer.next_number(group.entity),
            entity=group.entity,
            currency=group.currency,
            method=customer.method,
            finalized=finalized,
            due=group.day + timedelta(days=customer.terms) if customer.method == WIRE else None,
            lines=lines,
            taxed=taxed,
            is_clean=not any(draft.planted for draft in group.drafts),
            replaces=group.replaces,
        )
        self.result.invoices.append(invoice)
        return invoice

    def _apply_credits(self, line: Line, order: Order, invoice_id: str, at: int) -> None:
        rank = {"promotional": 0, "paid": 1}
        grants = sorted(
            (g for g in self.result.grants if g.order_id == order.id and g.expires > at),
            key=lambda g: (GRANT_PRIORITY[g.category], g.expires, rank[g.category], g.created),
        )
        due = line.amount
        for grant in grants:
            used = min(due, grant.remaining)
            if used > 0:
                grant.remaining -= used
                due -= used
                txn = self.context.ids.stripe("cbtxn", f"{line.id}/{grant.id}")
                line.credits.append((txn, used))
                grant.debits.append((txn, at, used, invoice_id, line.id))

    def _void(self, invoice: Invoice, group: _Group) -> _Group | None:
        """A few wire invoices are voided (a missing purchase order) and issued again."""
        customer = self.customer
        chance = customer.rng.random() < VOID_CHANCE
        forced = customer.round == 0 and customer.slot in (3, 16) and len(self.result.invoices) == 2
        usable = (
            customer.method == WIRE
            and invoice.is_clean
            and invoice.replaces is None
            and all(line.kind == "fixed" for line in invoice.lines)
            and not any(line.item and line.item.sku == "CREDITS-PREPAID" for line in invoice.lines)
        )
        day = group.day + timedelta(days=customer.rng.randrange(3, 12))
        if not ((chance or forced) and usable and day < self.context.end):
            return None
        invoice.voided = unix(day, 7, 30)
        return _Group(day, group.entity, group.currency, group.drafts, replaces=invoice.id)


def bill(
    context: Context, customer: Customer, contracts: list[Contract], usage: CustomerUsage
) -> Billing:
    """All invoices and credit grants of a customer, in order of issue."""
    return _Biller(context, customer, contracts, usage).run()
