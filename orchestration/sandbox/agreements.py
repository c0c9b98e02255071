"""What one customer agreed: contracts, orders, order items, tiers, milestones and the billing plan they imply.

Plain records; ``contracts`` writes them, everything else reads them. Money is in minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from .amounts import divide_half_even, split_by_weight, split_evenly
from .calendars import add_months, months_between

PERIOD_MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}
PRICE_SCALE = 10**10  # unit prices of usage are integers of 1e-10 major units
QUANTITY_SCALE = 10**6  # usage quantities are integers of 1e-6 units


@dataclass(frozen=True)
class Tier:
    """One tier of a usage price. ``upto`` None is without end."""

    id: str
    model: str
    lower: int
    upto: int | None
    price: int
    package: int | None


@dataclass
class Milestone:
    """A deliverable of a services item."""

    id: str
    name: str
    amount: int
    due: date
    completed: date | None


@dataclass(frozen=True)
class PlanRow:
    """One planned billing period of an item."""

    number: int
    start: date
    end: date
    amount: int
    milestone_id: str | None = None


@dataclass
class Item:
    """An order item. ``end`` is exclusive; ``total`` is 0 for usage; ``daily`` its usual millionths a day."""

    id: str
    key: str
    sku: str
    quantity: int
    unit_price: int
    list_price: int
    total: int
    start: date
    end: date
    frequency: str
    description: str
    is_usage: bool
    capacity: date | None = None
    tiers: list[Tier] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    promotional: int = 0
    daily: int = 0
    terminated: date | None = None
    removed: bool = False
    subscription_item_id: str = ""
    price_id: str = ""

    @property
    def available(self) -> date:
        """The first day of transfer."""
        return min(self.capacity, self.start) if self.capacity else self.start

    @property
    def last_day_end(self) -> date:
        """Exclusive end, cut by a termination."""
        return min(self.end, self.terminated) if self.terminated else self.end

    def full_plan(self) -> list[PlanRow]:
        """The billing plan as ordered, before any termination."""
        if self.is_usage:
            return []
        if self.frequency == "milestone":
            done = sorted(
                (m.completed, m.id, m.amount) for m in self.milestones if m.completed is not None
            )
            return [
                PlanRow(number, day, day + timedelta(days=1), amount, milestone_id)
                for number, (day, milestone_id, amount) in enumerate(done, 1)
            ]
        if self.frequency == "upfront":
            return [PlanRow(1, self.start, self.end, self.total)]
        step = PERIOD_MONTHS[self.frequency]
        count = -(-months_between(self.start, self.end) // step)
        amounts = split_evenly(self.total, count)
        return [
            PlanRow(
                number + 1,
                add_months(self.start, number * step),
                min(add_months(self.start, (number + 1) * step), self.end),
                amounts[number],
            )
            for number in range(count)
        ]

    def plan(self) -> list[PlanRow]:
        """The plan in force: rows that start on or after the termination date are gone."""
        rows = self.full_plan()
        if self.terminated is None:
            return rows
        return [row for row in rows if row.start < self.terminated]

    def terminated_total(self) -> int:
        """The stated price that remains after a termination."""
        return sum(row.amount for row in self.plan())


@dataclass
class Order:
    """A version of the contract: new, renewal, amendment or termination."""

    id: str
    number: str
    type: str
    kind: str
    effective: date
    end: date
    created: int
    activated: int
    items: list[Item]
    opportunity_id: str | None = None
    original_id: str | None = None
    method: str | None = None
    po_number: str | None = None
    draft: bool = False
    deleted: bool = False
    subscription_id: str | None = None

    @property
    def total(self) -> int:
        return sum(item.total for item in self.items if not item.removed)

    def live_items(self) -> list[Item]:
        """Items that count, in order of id."""
        return sorted((i for i in self.items if not i.removed), key=lambda item: item.id)


@dataclass
class Contract:
    """What one customer agreed with one entity."""

    id: str
    number: str
    kind: str
    entity: str
    currency: str
    start: date
    orders: list[Order]
    created: int
    cancellable: bool = False
    negotiated_with: str | None = None

    @property
    def end(self) -> date:
        return max(order.end for order in self.orders if not order.draft)

    def live_orders(self) -> list[Order]:
        """Orders in force (drafts and deleted ones are not), termination orders included."""
        return [order for order in self.orders if not order.draft and not order.deleted]

    def items(self) -> list[Item]:
        """Items in force, in order of id."""
        items = [item for order in self.live_orders() for item in order.live_items()]
        return sorted(items, key=lambda item: item.id)


def allocate(items: list[Item], weights: list[int]) -> dict[str, int]:
    """Relative-SSP share of the items' fixed total; items and weights in order of item id."""
    total = sum(item.total for item in items)
    return dict(zip((i.id for i in items), split_by_weight(total, weights), strict=True))


def ssp_weight(item: Item, basis: str, ssp_minor: int) -> int:
    """The standalone selling price of an item over its service period."""
    if basis == "stated_price":
        return item.total
    if basis == "per_unit":
        return item.quantity * ssp_minor
    days = (item.end - item.start).days
    return divide_half_even(item.quantity * ssp_minor * days * 12, 365)
