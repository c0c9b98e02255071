"""Writes the contracts of one customer: orders, items and what happens to them in their life.

Renewals, upgrades and terminations are orders too. Nothing here knows of invoices or of defects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from .agreements import Contract, Item, Milestone, Order
from .amounts import divide_half_even, split_by_weight
from .calendars import add_months, unix
from .catalog import CONTRACT_KIND, USAGE, fixed_price, usage_tiers, usual_month
from .context import Context
from .people import Customer

RENEWAL_CHANCE = 0.8
UPGRADE_CHANCE = 0.4
TERMINATION_CHANCE = 0.25
# The slot that signs its two contracts together: a fleet, and marketplace capacity beside it. Usage
# has no price to share: the combination changes what is one contract and no amount.
NEGOTIATED_TOGETHER = 12
USAGE_SKUS = {
    "on_demand": ("GPU-H100-OD", "INF-TOKENS", "EGRESS-GB"),
    "on_demand_volume": ("GPU-H100-OD", "GPU-A100-OD"),
    "prepaid_credits": ("GPU-H100-OD", "EGRESS-GB"),
    "prepaid_promo": ("GPU-A100-OD", "INF-TOKENS"),
    "commit_annual": ("GPU-H100-OD", "GPU-A100-OD"),
    "commit_quarterly": ("GPU-A100-OD", "GPU-H100-OD"),
    "commit_bundle": ("GPU-H100-OD", "INF-TOKENS"),
    "marketplace": ("MKT-GPU",),
}
MILESTONES = {
    "SVC-ONBOARD": (("Kick-off and design", 40), ("Go-live", 60)),
    "SVC-MIGRATE": (("Assessment", 30), ("Data moved", 45), ("Acceptance", 25)),
}


@dataclass
class _Shape:
    """What a renewal repeats: quantities, discount and volumes fixed at the first order."""

    discount: int
    quantities: dict[str, int] = field(default_factory=dict)
    daily: dict[str, int] = field(default_factory=dict)
    commitment: int = 0
    uplift: int = 100


class _Writer:
    """Writes one customer's agreements; numbers its orders and items."""

    def __init__(self, context: Context, customer: Customer) -> None:
        self.context = context
        self.customer = customer
        self.rng = customer.rng
        self.orders = 0
        self.items = 0
        self.first_start: date | None = None

    def contract(self, number: int, kind: str) -> Contract:
        """One contract with its first order and all that follows."""
        customer, rng, context = self.customer, self.rng, self.context
        start = self._first_day(number)
        term = self._term(kind)
        shape = _Shape(discount=rng.choice((0, 5, 8, 10, 12, 15)))
        key = f"{customer.index}/{number}"
        signed = unix(start - timedelta(days=rng.randrange(16, 32)), 10, rng.randrange(60))
        contract = Contract(
            id=context.ids.salesforce("Contract", key),
            number=f"{customer.index * 4 + number:08d}",
            kind=CONTRACT_KIND[kind],
            entity=customer.entity,
            currency=customer.currency,
            start=start,
            orders=[],
            created=signed - 86_400,
            # Whoever pays for what was used may leave at any time; nothing is invoiced ahead.
            cancellable=kind.startswith("on_demand"),
        )
        order = self._order(contract, kind, "New", start, term, shape, signed)
        while True:
            contract.orders.append(order)
            if self._may_terminate(kind, order):
                contract.orders.append(self._terminate(contract, order))
                break
            if kind.startswith("seats"):
                self._may_upgrade(contract, order, shape)
            start = order.end
            signed = unix(start - timedelta(days=rng.randrange(16, 28)), 11, rng.randrange(60))
            keeps = customer.index in (0, 6) or rng.random() < RENEWAL_CHANCE
            if signed >= context.clock or kind == "services" or not keeps:
                break
            shape.uplift = 103
            order = self._order(contract, kind, "Renewal", start, term, shape, signed)
        if customer.slot == 2 or rng.random() < 0.04:
            contract.orders.append(self._abandoned(contract, kind, shape))
        return contract

    def _first_day(self, number: int) -> date:
        customer, rng, context = self.customer, self.rng, self.context
        if customer.index == 0:
            return context.start  # so that no day of the history is without usage
        span = len(context.months)
        latest = max(0, min(13, span - 4))
        offset = customer.slot % 6 if customer.round == 0 else rng.randrange(latest + 1)
        offset = min(offset + 2 * number, latest)
        day = rng.choice((1, 1, 1, 5, 10, 15, 20))
        if customer.slot == 6 and customer.round == 0 and number == 2:
            day = 24  # billed late in the month, so that a payout is on its way at its end
        start = add_months(context.start, offset) + timedelta(days=day - 1)
        if self.first_start is None or customer.slot != NEGOTIATED_TOGETHER:
            self.first_start = self.first_start or start
            return start
        return self.first_start

    def _term(self, kind: str) -> int:
        if kind in ("commit_annual", "seats_annual"):
            return 12
        if kind == "services":
            return 6
        return 12 if self.customer.index == 0 else self.rng.choice((6, 12))

    def _order(
        self,
        contract: Contract,
        kind: str,
        order_type: str,
        start: date,
        term: int,
        shape: _Shape,
        signed: int,
    ) -> Order:
        end = add_months(start, term)
        order = self._header(contract, order_type, start, end, signed)
        order.items = self._items(kind, order, term, shape)
        return order

    def _header(
        self, contract: Contract, order_type: str, start: date, end: date, signed: int
    ) -> Order:
        self.orders += 1
        key = f"{self.customer.index}/{self.orders}"
        ids = self.context.ids
        return Order(
            id=ids.salesforce("Order", key),
            number=f"{self.customer.index * 32 + self.orders:08d}",
            type=order_type,
            kind=contract.kind,
            effective=start,
            end=end,
            created=signed - 2 * 3600,
            activated=signed,
            items=[],
            opportunity_id=ids.salesforce("Opportunity", key),
            po_number=f"PO-{self.rng.randrange(10_000, 99_999)}"
            if self.rng.random() < 0.4
            else None,
        )

    def _item(self, order: Order, sku: str, **values: Any) -> Item:
        self.items += 1
        key = f"{self.customer.index}/{self.items}"
        defaults: dict[str, Any] = {
            "quantity": 1,
            "unit_price": 0,
            "list_price": 0,
            "total": 0,
            "start": order.effective,
            "end": order.end,
            "frequency": "arrears",
            "description": self.context.policies.skus[sku].name,
            "is_usage": False,
        }
        defaults.update(values)
        item = Item(id=self.context.ids.salesforce("OrderItem", key), key=key, sku=sku, **defaults)
        order.items.append(item)
        return item

    def _items(self, kind: str, order: Order, term: int, shape: _Shape) -> list[Item]:
        rng, customer = self.rng, self.customer
        order.items = []
        usage = [
            self._usage_item(order, sku, shape, volume=kind == "on_demand_volume")
            for sku in USAGE_SKUS.get(kind, ())
        ]
        if kind.startswith("prepaid") or kind.startswith("commit"):
            if not shape.commitment:
                share = rng.choice((70, 85, 100, 115))
                shape.commitment = usual_month(usage) * term * share // 100 // 10_000 * 10_000
            prepaid = kind.startswith("prepaid")
            self._item(
                order,
                "CREDITS-PREPAID" if prepaid else "COMMIT-SPEND",
                unit_price=shape.commitment,
                list_price=shape.commitment,
                total=shape.commitment,
                frequency="upfront"
                if prepaid
                else ("annual" if kind == "commit_annual" else "quarterly"),
                promotional=shape.commitment // 20 if kind == "prepaid_promo" else 0,
            )
        if kind == "commit_bundle":
            self._services_item(order, "SVC-ONBOARD", shape)
        if kind in ("bundle", "reserved_monthly"):
            self._periodic(order, "RES-H100", (2, 16), "monthly", term, shape, capacity=True)
        if kind == "bundle":
            self._periodic(order, "SEAT-PLATFORM", (20, 90), "monthly", term, shape)
            if order.type == "New":
                self._services_item(order, "SVC-ONBOARD", shape)
        if kind == "reserved_fleet":
            for region in range(12):
                sku = "RES-H100" if region % 2 else "RES-A100"
                self._periodic(order, sku, (1, 8), "quarterly", term, shape, place=region)
        if kind.startswith("seats"):
            frequency = "annual" if kind == "seats_annual" and term == 12 else "monthly"
            self._periodic(order, "SEAT-PLATFORM", (15, 160), frequency, term, shape)
            if customer.index % 3 == 0 or frequency == "annual":
                self._periodic(order, "SUPPORT-PREM", (1, 1), frequency, term, shape)
        if kind == "services":
            self._services_item(order, "SVC-ONBOARD", shape)
            self._services_item(order, "SVC-MIGRATE", shape)
            removed = self._services_item(order, "SVC-ONBOARD", shape)
            removed.removed, removed.milestones = True, []
        return order.items

    def _usage_item(self, order: Order, sku: str, shape: _Shape, *, volume: bool) -> Item:
        low, high = USAGE[sku].daily
        daily = shape.daily.setdefault(sku, self.rng.randrange(low, high) * 1_000_000)
        item = self._item(order, sku, is_usage=True, daily=daily)
        model = "volume" if volume else "graduated"
        item.tiers = usage_tiers(item.key, sku, self.customer.currency, model, self.context.ids)
        return item

    def _periodic(
        self,
        order: Order,
        sku: str,
        span: tuple[int, int],
        frequency: str,
        term: int,
        shape: _Shape,
        *,
        capacity: bool = False,
        place: int = 0,
    ) -> Item:
        quantity = shape.quantities.setdefault(
            f"{sku}/{place}", self.rng.randrange(span[0], span[1] + 1)
        )
        listed = fixed_price(sku, self.customer.currency)
        unit = divide_half_even(listed * shape.uplift * (100 - shape.discount), 10_000)
        item = self._item(
            order,
            sku,
            quantity=quantity,
            unit_price=unit,
            list_price=listed,
            # An odd final discount, as negotiated: the periods do not divide evenly.
            total=quantity * unit * term - self.rng.choice((0, 0, 1, 5, 7)),
            frequency=frequency,
        )
        if (
            capacity
            and order.type == "New"
            and (self.customer.slot == 7 or self.rng.random() < 0.5)
        ):
            early = order.effective - timedelta(days=self.rng.randrange(3, 15))
            item.capacity = max(early, self.context.start)
        return item

    def _services_item(self, order: Order, sku: str, shape: _Shape) -> Item:
        listed = fixed_price(sku, self.customer.currency)
        total = divide_half_even(listed * (100 - shape.discount), 100)
        end = min(add_months(order.effective, 6), order.end)
        item = self._item(
            order, sku, unit_price=total, list_price=listed, total=total, end=end,
            frequency="milestone",
        )  # fmt: skip
        parts = split_by_weight(total, [weight for _, weight in MILESTONES[sku]])
        taken: set[date] = set()
        for number, ((name, _), amount) in enumerate(zip(MILESTONES[sku], parts, strict=True), 1):
            due = add_months(order.effective, number) + timedelta(days=self.rng.randrange(10))
            day = due + timedelta(days=self.rng.randrange(-5, 21))
            while day in taken:
                day += timedelta(days=1)
            done = day if day < self.context.end and len(taken) == number - 1 else None
            if done is not None:
                taken.add(done)
            milestone_id = self.context.ids.salesforce("Milestone__c", f"{item.key}/{number}")
            item.milestones.append(Milestone(milestone_id, name, amount, due, done))
        return item

    def _may_terminate(self, kind: str, order: Order) -> bool:
        customer = self.customer
        if kind not in ("seats_monthly", "reserved_monthly") or order.type != "New":
            return False
        forced = customer.slot == 10 and customer.round == 0
        chosen = self.rng.random() < TERMINATION_CHANCE and not (
            customer.round == 0 and customer.slot in (6, 7, 18)
        )
        return (forced or chosen) and add_months(order.effective, 4) < self.context.end

    def _terminate(self, contract: Contract, order: Order) -> Order:
        """A termination on a monthly boundary, signed half a month before."""
        term = len(order.items[0].full_plan())
        effective = add_months(order.effective, self.rng.randrange(3, max(4, min(6, term))))
        if effective >= self.context.end:
            effective = add_months(order.effective, 3)
        signed = unix(effective - timedelta(days=15), 14, 5)
        ending = self._header(contract, "Termination", effective, order.end, signed)
        ending.original_id, ending.method = order.id, "termination"
        ending.opportunity_id = None
        for item in order.items:
            item.terminated = effective
        return ending

    def _may_upgrade(self, contract: Contract, order: Order, shape: _Shape) -> None:
        """More seats from the middle of a month: a part period, then the rest of the term."""
        customer, rng = self.customer, self.rng
        chosen = rng.random() < UPGRADE_CHANCE
        if not (chosen or (customer.round == 0 and order.type == "New")):
            return
        base = next(item for item in order.items if item.sku == "SEAT-PLATFORM")
        count = len(base.full_plan())
        anchor = add_months(order.effective, rng.randrange(2, 5))
        day = anchor + timedelta(days=rng.randrange(6, 20))
        if day >= self.context.end or count == 0:
            return
        monthly = base.frequency == "monthly"
        following = add_months(anchor, 1) if monthly else order.end
        opened = anchor if monthly else order.effective
        added = rng.randrange(3, 25)
        amendment = self._header(
            contract, "Amendment", day, order.end, unix(day - timedelta(days=1), 16, 20)
        )
        amendment.original_id, amendment.method = order.id, "separate"
        price = added * base.unit_price * (1 if monthly else 12)
        whole = (following - opened).days
        self._item(
            amendment, "SEAT-PLATFORM", quantity=added, unit_price=base.unit_price,
            list_price=base.list_price, start=day, end=following, frequency="upfront",
            total=divide_half_even(price * (following - day).days, whole),
            description="Platform seats, part period",
        )  # fmt: skip
        if following < order.end:
            rest = (order.end.year - following.year) * 12 + order.end.month - following.month
            self._item(
                amendment, "SEAT-PLATFORM", quantity=added, unit_price=base.unit_price,
                list_price=base.list_price, start=following, frequency="monthly",
                total=added * base.unit_price * rest,
            )  # fmt: skip
        shape.quantities["SEAT-PLATFORM/0"] += added
        contract.orders.append(amendment)

    def _abandoned(self, contract: Contract, kind: str, shape: _Shape) -> Order:
        """A draft order that sales deleted."""
        start = add_months(contract.start, 1)
        order = self._order(contract, kind, "New", start, 6, shape, unix(start, 9))
        order.draft = order.deleted = True
        for item in order.items:
            for milestone in item.milestones:
                milestone.completed = None
        return order


def write_contracts(context: Context, customer: Customer) -> list[Contract]:
    """All contracts of one customer, in order of signing."""
    writer = _Writer(context, customer)
    contracts = [writer.contract(number, kind) for number, kind in enumerate(customer.kinds, 1)]
    if customer.slot == NEGOTIATED_TOGETHER:
        first, second = contracts
        first.negotiated_with, second.negotiated_with = second.id, first.id
    return contracts
