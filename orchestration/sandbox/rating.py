"""Prices usage: a month's quantity through its tiers, rounded once; and what draws down a commitment or credits.

Exact integers throughout: quantities are millionths, prices 1e-10 of a major unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from .agreements import PRICE_SCALE, QUANTITY_SCALE, Item, Tier
from .amounts import divide_half_even
from .calendars import month_first
from .usage import ItemUsage

_DENOMINATOR = QUANTITY_SCALE * PRICE_SCALE // 100


def rate(tiers: list[Tier], micros: int) -> int:
    """Minor units for a quantity of a month."""
    if micros <= 0:
        return 0
    model = tiers[0].model
    if model == "volume":
        for tier in tiers:
            if tier.upto is None or micros <= tier.upto * QUANTITY_SCALE:
                return divide_half_even(micros * tier.price, _DENOMINATOR)
    if model == "package":
        size = (tiers[0].package or 1) * QUANTITY_SCALE
        return divide_half_even(-(-micros // size) * tiers[0].price * 100, PRICE_SCALE)
    value = 0
    for tier in tiers:
        low = tier.lower * QUANTITY_SCALE
        high = micros if tier.upto is None else min(micros, tier.upto * QUANTITY_SCALE)
        if high > low:
            value += (high - low) * tier.price
    return divide_half_even(value, _DENOMINATOR)


@dataclass
class Drawdown:
    """By month: what a commitment or credits absorbed, and each item's overage."""

    drawn: dict[date, int] = field(default_factory=dict)
    promotional: dict[date, int] = field(default_factory=dict)
    overage: dict[tuple[str, date], int] = field(default_factory=dict)
    # Behind the months, for a look inside one: the usage, its rating, and where paid credit begins and ends.
    lines: list[ItemUsage] = field(default_factory=list)
    rated: dict[tuple[str, date], int] = field(default_factory=dict)
    bounds: tuple[int, int] = (0, 0)

    def drawn_before(self, day: date) -> int:
        """What the paid pool gave before a day."""
        month, used = month_first(day), 0
        for line in self.lines:
            used += sum(
                self.rated.get((line.item.id, other), 0) for other in line.final if other < month
            )
            first, last = (month - line.first).days, (day - line.first).days
            quantity = sum(line.daily[max(0, first) : max(0, last)])
            used += rate(line.item.tiers, quantity)
        return max(0, min(used, self.bounds[1]) - self.bounds[0])


def draw_down(pool: Item, lines: list[ItemUsage], rated: dict[tuple[str, date], int]) -> Drawdown:
    """Usage against promotional credits, then the paid pool, then overage, by day and order item id.

    Whole months that stay within one of the three are taken at once; the others day by day.
    """
    result = Drawdown()
    lines = sorted(lines, key=lambda line: line.item.id)
    months = sorted({month for line in lines for month in line.final})
    used = 0
    bounds = (pool.promotional, pool.promotional + pool.total)
    result.lines, result.rated, result.bounds = lines, rated, bounds
    for month in months:
        total = sum(rated.get((line.item.id, month), 0) for line in lines)
        side = _side(used, bounds)
        if side == 2:
            for line in lines:
                result.overage[line.item.id, month] = rated.get((line.item.id, month), 0)
        elif used + total <= bounds[side]:
            target = result.drawn if side else result.promotional
            target[month] = target.get(month, 0) + total
        else:
            _by_day(result, lines, month, used, bounds)
        used += total
    return result


def _side(used: int, bounds: tuple[int, int]) -> int:
    return 0 if used < bounds[0] else (1 if used < bounds[1] else 2)


def _by_day(
    result: Drawdown,
    lines: list[ItemUsage],
    month: date,
    used: int,
    bounds: tuple[int, int],
) -> None:
    quantity = {line.item.id: 0 for line in lines}
    value = {line.item.id: 0 for line in lines}
    day = month_first(month)
    while day.month == month.month:
        for line in lines:
            offset = (day - line.first).days
            if not 0 <= offset < len(line.daily):
                continue
            key = line.item.id
            quantity[key] += line.daily[offset]
            now = rate(line.item.tiers, quantity[key])
            amount, value[key] = now - value[key], now
            free = max(0, min(amount, bounds[0] - used))
            paid = max(0, min(amount - free, bounds[1] - used - free))
            over = amount - free - paid
            used += amount
            for target, part in ((result.promotional, free), (result.drawn, paid)):
                if part:
                    target[month] = target.get(month, 0) + part
            if over:
                place = (key, month)
                result.overage[place] = result.overage.get(place, 0) + over
        day += timedelta(days=1)
