"""The part of a close page that says what moved: a bridge an entity from month to month, and what was said of it.

Draws what the marts hold; sums drivers over streams and nothing else. ``flux_section`` reads them itself,
``section_of`` takes rows that were read before. Imports matplotlib late: it is slow.
"""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from markupsafe import Markup

from expectations.pages import environment, major
from orchestration.books.store import previous_period
from orchestration.reports.pictures import INK, LINE, SOFT, STYLE

TEMPLATES = Path(__file__).with_name("templates")
Row = dict[str, Any]
# In the order in which a reader asks: who came and went, what they used, what came late, the rate.
DRIVERS = {
    "entity": "entities joined",
    "new": "new",
    "churned": "churned",
    "volume": "volume",
    "mix": "mix",
    "price": "price",
    "plan_variance": "plan variance",
    "credits": "credits",
    "late_usage": "late usage",
    "catch_up": "catch-up",
    "fx": "exchange rates",
}
ACCOUNT = "account"
UP, DOWN, TOTAL = "#5d9c6b", "#a3241b", "#2f6f9f"
ROWS = """
    select entity_id, currency, line_id, stream as line, comparison, driver, amount_minor, base_minor,
        current_minor, change_minor, basis, needs_explanation,
        coalesce(explanation, '') as explanation, coalesce(explained_by, '') as explained_by
    from marts.rpt_revenue_flux where period = $period
    union all
    select entity_id, currency, line_id, account_code || ' ' || coalesce(account_name, '') as line,
        'prior_month' as comparison, 'account' as driver, change_minor as amount_minor, base_minor,
        current_minor, change_minor, basis, needs_explanation,
        coalesce(explanation, '') as explanation, coalesce(explained_by, '') as explained_by
    from marts.rpt_account_flux where period = $period and change_minor <> 0
    order by all
"""


def bridge_of(rows: Sequence[Row], comparison: str) -> tuple[int, dict[str, int], int]:
    """What an entity's revenue was or was planned, the drivers over all streams, and what it is."""
    mine = [row for row in rows if row["comparison"] == comparison and row["driver"] != ACCOUNT]
    lines = {row["line_id"]: row for row in mine}
    parts: dict[str, int] = defaultdict(int)
    for row in mine:
        parts[row["driver"]] += row["amount_minor"]
    before = sum(line["base_minor"] for line in lines.values())
    now = sum(line["current_minor"] for line in lines.values())
    return before, {name: parts[name] for name in DRIVERS if parts.get(name)}, now


def bridge_picture(
    before: int, parts: Mapping[str, int], now: int, names: tuple[str, str], exponent: int
) -> Markup:
    """A waterfall: where it stood, each driver as a step, where it stands. Asks for no font or file."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    scale = 10**exponent * 1000
    labels = [names[0], *(DRIVERS[name] for name in parts), names[1]]
    with mpl.rc_context({**STYLE, "svg.hashsalt": "tieout"}):
        figure = Figure(figsize=(11.5, 3.4), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
        panel = figure.subplots()
        level = before
        panel.bar(0, before / scale, width=0.62, color=TOTAL)
        for place, amount in enumerate(parts.values(), start=1):
            panel.bar(
                place,
                abs(amount) / scale,
                bottom=min(level, level + amount) / scale,
                width=0.62,
                color=UP if amount > 0 else DOWN,
            )
            panel.plot([place - 0.69, place + 0.31], [level / scale] * 2, color=SOFT, linewidth=0.8)
            level += amount
        last = len(labels) - 1
        panel.plot([last - 0.69, last + 0.31], [level / scale] * 2, color=SOFT, linewidth=0.8)
        panel.bar(last, now / scale, width=0.62, color=TOTAL)
        _values(panel, before, parts, now, scale)
        panel.set_xticks(range(len(labels)), labels=labels)
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        panel.axhline(0, color=SOFT, linewidth=0.8)
        panel.grid(axis="y", color=LINE, linewidth=0.8)
        panel.set_axisbelow(True)
        panel.tick_params(length=0)
        panel.margins(y=0.14)
        out = io.BytesIO()
        # Without this matplotlib writes the day and its version into the file.
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return Markup("data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode())


def _values(panel: Any, before: int, parts: Mapping[str, int], now: int, scale: int) -> None:
    """The figure above each bar, in thousands."""
    tops = [(max(before, 0), before, False)]
    level = before
    for amount in parts.values():
        tops.append((max(level, level + amount), amount, True))
        level += amount
    tops.append((max(now, 0), now, False))
    for place, (top, amount, is_step) in enumerate(tops):
        # A step too small for one decimal gets three: a part is never shown as nothing.
        decimals = 1 if not amount or abs(amount) * 20 >= scale else 3
        words = f"{amount / scale:{'+' if is_step else ''},.{decimals}f}".replace("-", "−")
        panel.annotate(
            words,
            (place, top / scale),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
        )


def _entity(rows: Sequence[Row], period: date, exponents: Mapping[str, int]) -> Row:
    """What the page shows of one entity."""
    currency = rows[0]["currency"]
    pictures = []
    for comparison, title, base in (
        ("prior_month", "against the month before", f"{previous_period(period):%b %Y}"),
        ("plan", "against plan", "plan"),
    ):
        before, parts, now = bridge_of(rows, comparison)
        if parts:
            names = (base, f"{period:%b %Y}")
            exponent = exponents.get(currency, 2)
            pictures.append((title, bridge_picture(before, parts, now, names, exponent)))
    needed = {row["line_id"]: row for row in rows if row["needs_explanation"]}
    return {
        "entity_id": rows[0]["entity_id"],
        "currency": currency,
        "basis": rows[0]["basis"],
        "pictures": pictures,
        "lines": [needed[name] for name in sorted(needed)],
        "open": sum(not row["explanation"] for row in needed.values()),
    }


def section_of(
    rows: Sequence[Row], period: date, exponents: Mapping[str, int], entity: str | None = None
) -> Markup:
    """The section as HTML, of one entity or of each; nothing where nothing moved."""
    names = sorted({row["entity_id"] for row in rows if entity in (None, row["entity_id"])})
    if not names:
        return Markup("")
    shown = [
        _entity([row for row in rows if row["entity_id"] == name], period, exponents)
        for name in names
    ]
    env = environment(TEMPLATES)
    env.filters["money"] = lambda minor, currency: major(minor, exponents.get(currency, 2))
    return Markup(
        env.get_template("flux_section.j2").render(
            entities=shown, drivers=DRIVERS, period=f"{period:%Y-%m}"
        )
    )


def flux_section(
    connection: duckdb.DuckDBPyConnection, period: date, entity: str | None = None
) -> str:
    """What moved in a period, read from a warehouse: one entity, or each when none is named."""
    cursor = connection.execute(ROWS, {"period": period})
    columns = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]
    exponents = dict(
        connection.execute("select currency, exponent from policy.currencies").fetchall()
    )
    return str(section_of(rows, period, exponents, entity))
