"""The report of one close as a single page: does it tie, what moved, what came late, who signs.

Draws and formats the same frames as the packet; computes only sums for its charts. Asks no server for
anything: pictures and styles are inside.
"""

from __future__ import annotations

import base64
import io
import os
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from expectations.pages import environment, major
from orchestration.reports.flux import section_of
from orchestration.reports.packet import PacketData
from orchestration.reports.pictures import INK, LINE, SOFT, STYLE
from orchestration.reports.sheets import rows_of

TEMPLATES = Path(__file__).with_name("templates")
COLOURS = ("#2f6f9f", "#e89c4f", "#5d9c6b", "#a3546b", "#7a6fb0", "#c2a83e", "#5b6875", "#3aa6a6")
Row = dict[str, Any]


def _png(figure: Any) -> Markup:
    out = io.BytesIO()
    # Without this matplotlib writes its version into the file.
    figure.savefig(out, format="png", dpi=150, metadata={"Software": None})
    return Markup("data:image/png;base64," + base64.b64encode(out.getvalue()).decode())


def _figure(height: float, panels: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """A figure with a panel a currency, each as high as it has bars, or alike."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(11.5, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    heights = [1 + len(shown) for shown in panels.values()]
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    return figure, list(grid[:, 0])


def _currencies(rows: list[Row], amount: str) -> list[str]:
    """Currencies by weight, so that the largest comes first."""
    weight: dict[str, int] = defaultdict(int)
    for row in rows:
        weight[row["currency"]] += abs(row[amount])
    return sorted(weight, key=lambda currency: (-weight[currency], currency))


def _plain_panel(panel: Any, title: str, axis: str) -> None:
    panel.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    panel.grid(axis=axis, color=LINE, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)


def revenue_picture(rows: list[Row], exponents: Mapping[str, int]) -> Markup:
    """Revenue by month, stacked by stream, a panel a currency."""
    import matplotlib as mpl

    currencies = _currencies(rows, "amount_minor")
    streams = sorted({str(row["stream"]) for row in rows})
    colours = {stream: COLOURS[place % len(COLOURS)] for place, stream in enumerate(streams)}
    months = sorted({row["period"] for row in rows})
    with mpl.rc_context(STYLE):
        figure, panels = _figure(0.9 + 2.5 * len(currencies), dict.fromkeys(currencies, ()))
        for panel, currency in zip(panels, currencies, strict=True):
            scale = 10 ** exponents[currency] * 1000
            tops: dict[tuple[date, bool], float] = defaultdict(float)
            for stream in streams:
                for month in months:
                    amount = sum(
                        row["amount_minor"]
                        for row in rows
                        if (row["currency"], str(row["stream"]), row["period"])
                        == (currency, stream, month)
                    )
                    side = (month, amount < 0)
                    panel.bar(
                        months.index(month),
                        amount / scale,
                        bottom=tops[side],
                        width=0.8,
                        color=colours[stream],
                    )
                    tops[side] += amount / scale
            panel.set_xticks(range(len(months)), labels=[f"{month:%b %y}" for month in months])
            panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            _plain_panel(panel, f"{currency}, thousands", "y")
        handles = [mpl.patches.Patch(color=colours[stream]) for stream in streams]
        names = [stream.replace("_", " ") for stream in streams]
        figure.legend(
            handles, names, loc="outside upper left", ncols=min(len(names), 4), frameon=False
        )
        return _png(figure)


def causes_picture(rows: list[Row], exponents: Mapping[str, int]) -> Markup:
    """Result of earlier months by cause, a panel a currency."""
    import matplotlib as mpl

    currencies = _currencies(rows, "result_minor")
    totals: dict[str, dict[str, int]] = {currency: defaultdict(int) for currency in currencies}
    for row in rows:
        totals[row["currency"]][str(row["cause"])] += row["result_minor"]
    with mpl.rc_context(STYLE):
        figure, panels = _figure(sum(0.75 + 0.34 * len(found) for found in totals.values()), totals)
        for panel, (currency, found) in zip(panels, totals.items(), strict=True):
            causes = sorted(found, reverse=True)
            amounts = [found[cause] / 10 ** exponents[currency] for cause in causes]
            colours = ["#2f6f9f" if amount >= 0 else "#a3241b" for amount in amounts]
            panel.barh(causes, amounts, height=0.6, color=colours)
            panel.axvline(0, color=SOFT, linewidth=1)
            panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            _plain_panel(panel, currency, "x")
        return _png(figure)


def _balance_lines(data: PacketData) -> list[Row]:
    """Does each entity and currency tie: posted debits and credits, and the trial balance's sum."""
    found: dict[tuple[str, str], Row] = {}

    def line(row: Row) -> Row:
        key = (row["entity_id"], row["currency"])
        return found.setdefault(
            key,
            {
                "entity_id": key[0],
                "currency": key[1],
                "debit_minor": 0,
                "credit_minor": 0,
                "off_minor": 0,
            },
        )

    for row in rows_of(data.journal):
        line(row)["debit_minor"] += row["debit_minor"]
        line(row)["credit_minor"] += row["credit_minor"]
    for row in rows_of(data.trial_balance):
        line(row)["off_minor"] += row["closing_minor"]
    return [found[key] for key in sorted(found)]


def _own_currency_lines(data: PacketData) -> list[Row]:
    """Posted and closing in each entity's own currency; nothing when the frames do not carry it."""
    found: dict[tuple[str, str], Row] = {}
    for frame, columns in (
        (data.journal, ("functional_debit_minor", "functional_credit_minor")),
        (data.trial_balance, ("functional_closing_minor",)),
    ):
        if columns[0] not in frame:
            return []
        for row in rows_of(frame):
            key = (row["entity_id"], row["functional_currency"])
            amounts = ("functional_debit_minor", "functional_credit_minor")
            line = found.setdefault(
                key,
                {
                    "entity_id": key[0],
                    "currency": key[1],
                    **dict.fromkeys((*amounts, "functional_closing_minor"), 0),
                },
            )
            for column in columns:
                line[column] += row[column]
    return [found[key] for key in sorted(found)]


def _off_the_ledger(data: PacketData) -> list[Row]:
    """Accounts on which books and ERP differ, with what parts them."""
    explained = [
        str(name)
        for name in data.general_ledger.columns
        if str(name).endswith("_minor") and name != "closing_minor"
    ]
    return [
        {name: value for name, value in row.items() if name != "closing_minor"}
        for row in rows_of(data.general_ledger)
        if any(row[name] for name in explained)
    ]


def _rollforwards(data: PacketData) -> list[Row]:
    return [
        {
            "title": rollforward.title,
            "names": [
                str(name)
                for name in rollforward.frame.columns
                if str(name).endswith("_minor") and name not in ("opening_minor", "closing_minor")
            ],
            "rows": rows_of(rollforward.frame),
        }
        for rollforward in data.rollforwards
    ]


def write_close_report(data: PacketData, path: Path) -> Path:
    """Write the page of a close."""
    revenue, prior = rows_of(data.revenue_by_month), rows_of(data.prior_period)
    cut_off = data.manifest.get("cut_off")
    context = {
        "data": data,
        "cut_off": datetime.fromisoformat(cut_off) if cut_off else None,
        "balances": _balance_lines(data),
        "own_currency": _own_currency_lines(data),
        "off_the_ledger": _off_the_ledger(data),
        "rollforwards": _rollforwards(data),
        "prior": prior,
        "exceptions": rows_of(data.exceptions),
        "controls": rows_of(data.controls),
        "checklist": rows_of(data.checklist),
        "flux": section_of(rows_of(data.flux), data.period, data.exponents),
        "revenue_picture": revenue_picture(revenue, data.exponents) if revenue else "",
        "causes_picture": causes_picture(prior, data.exponents) if prior else "",
    }
    env = environment(TEMPLATES)
    env.filters["money"] = lambda minor, currency: (
        "—" if minor is None else major(minor, data.exponents.get(currency, 2))
    )
    page = env.get_template("close_report.j2").render(context)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(page, encoding="utf-8")
    os.replace(beside, path)
    return path
