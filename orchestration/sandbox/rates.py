"""Writes daily exchange rates against the dollar: a seeded walk, weekdays only, one file a month."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from .calendars import month_key
from .context import Context

BASE = {"EUR": 10_800, "GBP": 12_700}  # 1e-4 dollars
SWING = 700


def write_rates(root: Path, context: Context) -> None:
    """``date,base,quote,rate`` for every weekday."""
    root.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"tieout/{context.seed}/fx")
    rates = dict(BASE)
    months: dict[str, list[str]] = {}
    day = context.start
    while day < context.end:
        rows = months.setdefault(month_key(day), ["date,base,quote,rate"])
        if day.weekday() < 5:
            for base, middle in BASE.items():
                step = rng.randrange(-45, 46)
                rates[base] = min(max(rates[base] + step, middle - SWING), middle + SWING)
                rows.append(
                    f"{day.isoformat()},{base},USD,{rates[base] // 10_000}.{rates[base] % 10_000:04d}"
                )
        day += timedelta(days=1)
    for month, rows in months.items():
        (root / f"{month}.csv").write_text("\n".join(rows) + "\n")
