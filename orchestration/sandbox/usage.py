"""Metered usage of one customer: events, how they arrive, and what each order item used by day.

Late, duplicate and corrected events are natural as long as they arrive before the month is invoiced (06:00 on the
first of the next month); those that arrive later, or are billed wrongly, are planted and recorded by ``billing``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from .agreements import Contract, Item
from .calendars import DAY, add_months, month_first, unix
from .context import Context
from .metering import SKU_CODE, UNKNOWN_SKU, event_numbers
from .people import Customer

Ints = npt.NDArray[np.int64]
EVENTS_A_DAY = 4
LATE, CORRECTED, DUPLICATED = 0.02, 0.005, 0.005
PLANTED = (
    "USAGE_LATE",
    "USAGE_NOT_BILLED",
    "USAGE_DUPLICATE_BILLED",
    "USAGE_RATE_MISMATCH",
    "USAGE_CORRECTED_AFTER_INVOICE",
    "BILLED_WITHOUT_USAGE",
)


@dataclass
class ItemUsage:
    """What one order item used: final millionths by day, and by month what the invoice run saw."""

    item: Item
    contract: Contract
    first: date
    daily: list[int]
    billed: dict[date, int] = field(default_factory=dict)
    final: dict[date, int] = field(default_factory=dict)
    planted: dict[date, str] = field(default_factory=dict)


@dataclass
class CustomerUsage:
    """Usage of one customer and the rows of its drop."""

    items: list[ItemUsage]
    rows: dict[str, npt.NDArray[np.generic]]


class _Events:
    """Growing columns of one customer's events."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Ints]] = {
            name: [] for name in ("item", "event_at", "ingested_at", "quantity", "kind", "revision")
        }
        self.numbers: list[npt.NDArray[np.uint64]] = []

    def add(self, numbers: npt.NDArray[np.uint64], **columns: Ints | int) -> None:
        count = len(numbers)
        self.numbers.append(numbers)
        for name, parts in self.parts.items():
            value = columns[name]
            parts.append(
                value if isinstance(value, np.ndarray) else np.full(count, value, np.int64)
            )

    def column(self, name: str) -> Ints:
        return np.concatenate(self.parts[name]) if self.parts[name] else np.zeros(0, np.int64)


def _cutoffs(context: Context) -> Ints:
    """By month of the history: the instant at which its usage is invoiced."""
    runs = [unix(add_months(month, 1), 6) for month in context.months]
    return np.array([min(run, context.clock + 1) for run in runs], np.int64)


def _month_numbers(context: Context) -> Ints:
    months = context.months
    days = (context.end - context.start).days
    out = np.zeros(days, np.int64)
    for number, month in enumerate(months):
        out[max(0, (month - context.start).days) :] = number
    return out


def meter(context: Context, customer: Customer, contracts: list[Contract]) -> CustomerUsage:
    """Generate the events of a customer and total them by item, day and month."""
    rng = np.random.Generator(np.random.PCG64([context.seed, 11, customer.index]))
    lines: list[ItemUsage] = []
    for contract in contracts:
        for item in contract.items():
            last = min(item.last_day_end, context.end)
            if item.is_usage and item.start < last:
                lines.append(ItemUsage(item, contract, item.start, [0] * (last - item.start).days))
    base = context.ids.number("event", customer.index)
    events = _Events()
    cutoffs, month_of_day = _cutoffs(context), _month_numbers(context)
    origin = unix(context.start)
    drawn = 0
    for place, line in enumerate(lines):
        count = len(line.daily) * EVENTS_A_DAY
        numbers = event_numbers(base + drawn, count)
        drawn += count * 7_919
        offset = (line.first - context.start).days
        day = np.repeat(np.arange(len(line.daily), dtype=np.int64), EVENTS_A_DAY)
        at = origin + (day + offset) * DAY + rng.integers(0, DAY, count)
        weekday = (day + line.first.weekday()) % 7
        level = np.where(weekday >= 5, 70, 100) * (100 + day // 30)
        quantity = line.item.daily // EVENTS_A_DAY * level // 10_000
        quantity = quantity * rng.integers(60, 141, count) // 100 + rng.integers(
            0, 1_000_000, count
        )
        if line.item.sku == "INF-TOKENS":
            quantity = quantity // 1_000_000 * 1_000_000
        _plant(context, customer, line)
        _deliver(
            rng, events, line, place,
            numbers, at, quantity, cutoffs[month_of_day[day + offset]], month_of_day[day + offset],
            context,
        )  # fmt: skip
    rows = {name: events.column(name) for name in events.parts}
    _total(context, lines, rows, events, month_of_day)
    strays = _strays(context, customer, contracts, base)
    return CustomerUsage(lines, _drop_rows(customer, lines, rows, events, strays, context))


def _plant(context: Context, customer: Customer, line: ItemUsage) -> None:
    """Choose months of this item for the usage defects that are due."""
    if line.contract.kind not in ("on_demand", "marketplace"):
        return
    if line.item.sku in ("EGRESS-GB", "INF-TOKENS"):
        return
    for kind in PLANTED:
        if not context.catalogue.wants(kind):
            continue
        choices = [
            month
            for month in context.months
            if line.first <= month
            and add_months(month, 1) <= line.item.last_day_end
            and add_months(month, 1) + timedelta(days=9) < context.end
            and month not in line.planted
        ]
        if choices:
            month = customer.rng.choice(choices)
            line.planted[month] = kind
            context.catalogue.take(kind, line.item.id, month)


def _deliver(
    rng: np.random.Generator,
    events: _Events,
    line: ItemUsage,
    place: int,
    numbers: npt.NDArray[np.uint64],
    at: Ints,
    quantity: Ints,
    cutoff: Ints,
    month: Ints,
    context: Context,
) -> None:
    """How the events of one item reach the drop: promptly, late, twice, corrected."""
    count = len(numbers)
    ingested = at + rng.integers(60, 1_200, count)
    late = rng.random(count) < LATE
    ingested = np.where(late, at + rng.integers(DAY, 3 * DAY, count), ingested)
    ingested = np.maximum(at, np.minimum(ingested, cutoff - 60))
    corrected = rng.random(count) < CORRECTED
    duplicated = rng.random(count) < DUPLICATED
    after = np.zeros(count, bool)
    lost = np.zeros(count, bool)
    for number, planted_month in enumerate(context.months):
        kind = line.planted.get(planted_month)
        if kind is None:
            continue
        inside = np.flatnonzero(month == number)
        if kind == "USAGE_LATE":
            chosen = inside[5 : 5 + 6]
            corrected[chosen] = duplicated[chosen] = False
            ingested[chosen] = cutoff[chosen] + rng.integers(DAY, 5 * DAY, len(chosen))
        elif kind == "USAGE_CORRECTED_AFTER_INVOICE":
            chosen = inside[9 : 9 + 4]
            corrected[inside] = False
            corrected[chosen] = after[chosen] = True
            duplicated[chosen] = False
        elif kind == "USAGE_DUPLICATE_BILLED":
            corrected[inside] = False
            duplicated[inside[3 : 3 + 8]] = True
        elif kind == "BILLED_WITHOUT_USAGE":
            lost[inside] = True
            line.billed[planted_month] = int(quantity[inside].sum())
        elif kind in ("USAGE_RATE_MISMATCH", "USAGE_NOT_BILLED"):
            corrected[inside] = duplicated[inside] = False
    keep = ~lost
    events.add(
        numbers[keep], item=place, event_at=at[keep], ingested_at=ingested[keep],
        quantity=quantity[keep], kind=0, revision=1,
    )  # fmt: skip
    again = np.flatnonzero(duplicated & keep)
    moved = np.minimum(
        ingested[again] + rng.integers(60, 36 * 3_600, len(again)), cutoff[again] - 30
    )
    events.add(
        numbers[again], item=place, event_at=at[again],
        ingested_at=np.maximum(moved, ingested[again]),
        quantity=quantity[again], kind=0, revision=1,
    )  # fmt: skip
    fixed = np.flatnonzero(corrected & keep)
    moved = np.minimum(
        ingested[fixed] + rng.integers(7_200, 2 * DAY, len(fixed)), cutoff[fixed] - 20
    )
    moved = np.where(after[fixed], cutoff[fixed] + rng.integers(DAY, 4 * DAY, len(fixed)), moved)
    share = rng.integers(50, 150, len(fixed))
    share = np.where(rng.random(len(fixed)) < 0.2, 0, share)
    share = np.where(after[fixed], 40, share)
    value = quantity[fixed] // 1_000_000 * share // 100 * 1_000_000
    timely = moved > ingested[fixed]
    fixed, moved, value = fixed[timely], moved[timely], value[timely]
    events.add(
        numbers[fixed], item=place, event_at=at[fixed], ingested_at=moved,
        quantity=value, kind=1, revision=2,
    )  # fmt: skip


def _total(
    context: Context,
    lines: list[ItemUsage],
    rows: dict[str, Ints],
    events: _Events,
    month_of_day: Ints,
) -> None:
    """Sum what counts: the newest revision of each event once, finally and as the invoice run saw it."""
    if not events.numbers:
        return
    numbers = np.concatenate(events.numbers)
    # Newest revision first, earliest delivery first: the first row of an event is the one that counts.
    order = np.lexsort((rows["ingested_at"], -rows["revision"], numbers))
    day = (rows["event_at"] - unix(context.start)) // DAY
    months = context.months
    span = len(months)
    cutoffs = _cutoffs(context)
    in_time = rows["ingested_at"] < cutoffs[month_of_day[day]]
    for mask, name in ((np.ones(len(numbers), bool), "final"), (in_time, "billed")):
        chosen = order[mask[order]]
        ids = numbers[chosen]
        first = np.ones(len(ids), bool)
        first[1:] = ids[1:] != ids[:-1]
        chosen = chosen[first]
        cell = rows["item"][chosen] * span + month_of_day[day[chosen]]
        totals = np.zeros(len(lines) * span, np.int64)
        np.add.at(totals, cell, rows["quantity"][chosen])
        for place, line in enumerate(lines):
            target = line.final if name == "final" else line.billed
            for number in range(span):
                value = int(totals[place * span + number])
                if value:
                    target[months[number]] = value
        if name == "final":
            for place, line in enumerate(lines):
                own = chosen[rows["item"][chosen] == place]
                daily = np.zeros(len(line.daily), np.int64)
                np.add.at(
                    daily, day[own] - (line.first - context.start).days, rows["quantity"][own]
                )
                line.daily = daily.tolist()
    for place, line in enumerate(lines):
        for month, kind in line.planted.items():
            if kind == "USAGE_DUPLICATE_BILLED":
                inside = (rows["item"] == place) & (
                    month_of_day[day] == (months.index(month_first(month)))
                )
                line.billed[month] = int(rows["quantity"][inside].sum())


@dataclass
class _Stray:
    """Events that no order item covers."""

    sku: str
    at: Ints
    quantity: Ints


def _strays(
    context: Context, customer: Customer, contracts: list[Contract], base: int
) -> list[_Stray]:
    out = []
    for contract in contracts:
        lapsed = contract.end + timedelta(days=3) < context.end
        for item in contract.items() if lapsed else []:
            if item.is_usage and item.end == contract.end:
                # The service was left running for two days after the contract lapsed.
                at = np.array([unix(item.end + timedelta(days=d), 3, 7) for d in (0, 1)], np.int64)
                out.append(_Stray(item.sku, at, np.full(2, item.daily // 50, np.int64)))
    used = any(item.is_usage for contract in contracts for item in contract.items())
    if used and context.catalogue.wants("UNKNOWN_SKU"):
        context.catalogue.take("UNKNOWN_SKU")
        months = context.months
        month = months[len(months) // 2]
        at = np.array([unix(month + timedelta(days=d), 11, 30) for d in range(4, 12)], np.int64)
        out.append(_Stray(UNKNOWN_SKU, at, np.full(8, 12_500_000, np.int64)))
        context.catalogue.record(
            "UNKNOWN_SKU",
            ref=f"metering:usage:{customer.tenant_id}|{UNKNOWN_SKU}",
            customer_id=customer.account_id,
            period=month,
        )
    return out


def _drop_rows(
    customer: Customer,
    lines: list[ItemUsage],
    rows: dict[str, Ints],
    events: _Events,
    strays: list[_Stray],
    context: Context,
) -> dict[str, npt.NDArray[np.generic]]:
    numbers = list(events.numbers)
    codes = np.array([SKU_CODE[line.item.sku] for line in lines], np.int8)
    skus = [codes[rows["item"]]] if lines else []
    columns = {name: [rows[name]] for name in ("event_at", "ingested_at", "quantity", "kind")}
    columns["revision"] = [rows["revision"]]
    for number, stray in enumerate(strays):
        count = len(stray.at)
        numbers.append(
            event_numbers(context.ids.number("stray", f"{customer.index}/{number}"), count)
        )
        skus.append(np.full(count, SKU_CODE[stray.sku], np.int8))
        columns["event_at"].append(stray.at)
        columns["ingested_at"].append(stray.at + 300)
        columns["quantity"].append(stray.quantity)
        columns["kind"].append(np.zeros(count, np.int64))
        columns["revision"].append(np.ones(count, np.int64))
    out: dict[str, npt.NDArray[np.generic]] = {
        name: np.concatenate(parts) if parts else np.zeros(0, np.int64)
        for name, parts in columns.items()
    }
    out["event"] = np.concatenate(numbers) if numbers else np.zeros(0, np.uint64)
    out["sku"] = np.concatenate(skus) if skus else np.zeros(0, np.int8)
    out["region"] = np.full(len(out["event"]), customer.region, np.int8)
    return out
