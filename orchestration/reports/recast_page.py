"""The report of a recast: a page with its charts, a workbook whose check is a live formula, and flat files.

Draws and formats the figures it is handed. Asks no server for anything: pictures and styles are inside.
"""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import duckdb
from markupsafe import Markup
from openpyxl import Workbook

from expectations.pages import environment, major
from orchestration.reports.pictures import INK, LINE, SOFT, STYLE
from orchestration.reports.recast_figures import (
    CAUSES,
    POLICY,
    RecastFigures,
    Row,
    books_of,
    total,
    used_causes,
)
from orchestration.reports.sheets import Table, head, put, settle

TEMPLATES = Path(__file__).with_name("templates")
COLOURS = {
    "erp": "#9aa7b3",
    "late_evidence": "#c2a83e",
    "not_posted": "#c9d2db",
    "pattern": "#2f6f9f",
    "selling_price": "#5d9c6b",
    "product_mapping": "#7a6fb0",
    "record_entity": "#e89c4f",
}
# Text that a spreadsheet would run gets an apostrophe, whoever wrote it.
_INERT = "case when regexp_matches({0}, '^[=+@\\t\\r\\n-]') then '''' || {0} else {0} end as {0}"
FILES = {
    "bridge": "select * from ledger.recast_policy_bridge order by entity_id, currency, account_code, "
    "stream, period, cause_no, cause",
    "statement": "select * from ledger.recast_statement order by entity_id, currency, account_code, "
    "stream, period",
    "contracts": f"select * replace ({_INERT.format('customer_name')}) "
    "from ledger.recast_policy_changes order by all",
}


def _png(figure: Any) -> Markup:
    out = io.BytesIO()
    # Without this matplotlib writes its version into the file.
    figure.savefig(out, format="png", dpi=150, metadata={"Software": None})
    return Markup("data:image/png;base64," + base64.b64encode(out.getvalue()).decode())


def _panels(count: int, height: float) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (11.5, 0.5 + height * count)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    return figure, list(figure.subplots(count, 1, squeeze=False)[:, 0])


def _plain(panel: Any, title: str) -> None:
    panel.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.grid(axis="y", color=LINE, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)


def waterfall_picture(figures: RecastFigures) -> Markup:
    """From net revenue as reported to as recast, a panel a book that changes; the axis is cut to the change."""
    import matplotlib as mpl

    books = [
        book
        for book in books_of(figures.revenue)
        if any(_total(figures.revenue, book)[f"{name}_minor"] for name in CAUSES)
    ]
    if not books:
        return Markup("")
    causes = used_causes(figures)
    names = [
        title.replace(" ", "\n", 1) for title in ("As reported", *causes.values(), "As recast")
    ]
    with mpl.rc_context(STYLE):
        figure, panels = _panels(len(books), 2.5)
        for panel, (entity, currency) in zip(panels, books, strict=True):
            sums, scale = (
                _total(figures.revenue, (entity, currency)),
                10 ** figures.exponents[currency],
            )
            level = sums["reported_minor"] / scale
            levels = [level]
            for place, name in enumerate(causes, start=1):
                amount = sums[f"{name}_minor"] / scale
                panel.bar(place, amount, bottom=level, width=0.62, color=COLOURS[name])
                panel.plot([place - 1, place], [level, level], color=SOFT, linewidth=0.8)
                level += amount
                levels.append(level)
                if amount:
                    panel.annotate(
                        f"{amount:+,.2f}", (place, max(level, level - amount)), ha="center",
                        va="bottom", xytext=(0, 3), textcoords="offset points", fontsize=9,
                    )  # fmt: skip
            room = (max(levels) - min(levels)) * 0.3 or 1
            bottom, top = min(levels) - room, max(levels) + room
            if min(levels) >= 0 > bottom:
                bottom = 0
            panel.plot([len(names) - 2, len(names) - 1], [level, level], color=SOFT, linewidth=0.8)
            for place, height in ((0, levels[0]), (len(names) - 1, levels[-1])):
                panel.bar(place, height - bottom, bottom=bottom, width=0.62, color="#12283a")
                panel.annotate(
                    f"{height:,.2f}", (place, height), ha="center", va="bottom", xytext=(0, 3),
                    textcoords="offset points", fontsize=9,
                )  # fmt: skip
            panel.set_ylim(bottom, top)
            panel.set_xticks(range(len(names)), labels=names)
            _plain(panel, f"{entity}, {currency}")
        return _png(figure)


def months_picture(figures: RecastFigures) -> Markup:
    """What the policy moves between months, a panel a book, stacked by dimension, with the sum to date."""
    import matplotlib as mpl

    books = [
        book
        for book in books_of(figures.months)
        if any(
            row[f"{name}_minor"]
            for row in figures.months
            if (row["entity_id"], row["currency"]) == book
            for name in POLICY
        )
    ]
    if not books:
        return Markup("")
    months = sorted({row["period"] for row in figures.months})
    with mpl.rc_context(STYLE):
        figure, panels = _panels(len(books), 2.4)
        for panel, (entity, currency) in zip(panels, books, strict=True):
            mine = [
                row
                for row in figures.months
                if (row["entity_id"], row["currency"]) == (entity, currency)
            ]
            scale, to_date, line = 10 ** figures.exponents[currency], 0.0, []
            for row in mine:
                tops = {True: 0.0, False: 0.0}
                for name in POLICY:
                    amount = row[f"{name}_minor"] / scale
                    panel.bar(
                        months.index(row["period"]), amount, bottom=tops[amount < 0], width=0.7,
                        color=COLOURS[name],
                    )  # fmt: skip
                    tops[amount < 0] += amount
                    to_date += amount
                line.append((months.index(row["period"]), to_date))
            panel.plot(*zip(*line, strict=True), color="#12283a", linewidth=1.6)
            panel.axhline(0, color=SOFT, linewidth=0.8)
            panel.set_xticks(range(len(months)), labels=[f"{month:%b %y}" for month in months])
            panel.set_xlim(-0.6, len(months) - 0.4)
            _plain(panel, f"{entity}, {currency}")
        handles: list[Any] = [mpl.patches.Patch(color=COLOURS[name]) for name in POLICY]
        handles.append(mpl.lines.Line2D([], [], color="#12283a"))
        figure.legend(
            handles, [*(CAUSES[name] for name in POLICY), "sum to date"], loc="outside upper left",
            ncols=5, frameon=False,
        )  # fmt: skip
        return _png(figure)


def _total(rows: list[Row], book: tuple[str, str]) -> Row:
    return total(rows, entity_id=book[0], currency=book[1])


def _page(figures: RecastFigures) -> str:
    causes = used_causes(figures)
    env = environment(TEMPLATES)
    env.filters["money"] = lambda minor, currency: major(minor, figures.exponents[currency])
    return env.get_template("recast.j2").render(
        figures=figures,
        causes=causes,
        columns=("reported", *causes, "recast"),
        policy_causes=POLICY,
        books=books_of(figures.revenue),
        month_books=books_of(figures.months),
        total=_total,
        waterfall=waterfall_picture(figures),
        months=months_picture(figures),
    )


def _workbook(figures: RecastFigures, path: Path) -> None:
    workbook = Workbook()
    notes = workbook.active
    assert notes is not None
    notes.title = "Recast"
    head(notes, 1, ["What", "Value"])
    lines = (
        ("Policy", f"{figures.policy_name} ({figures.policy_id})"),
        ("What it says", figures.description),
        ("Evidence to", f"{figures.as_of:%Y-%m-%d %H:%M} UTC"),
        ("As reported before", f"{figures.go_live}: the ERP's trial balances"),
        ("As reported after", "the sealed books, by posting month"),
        ("Signs", "debit positive"),
        ("Unexplained, minor units", figures.unexplained_minor),
        ("Posted", "nothing: a recast is a computation"),
    )
    for place, (what, value) in enumerate(lines, start=2):
        put(notes, place, 1, what, None)
        put(notes, place, 2, value, None)
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 26, 90
    bridge = [f"{name}_minor" for name in ("reported", *CAUSES, "recast")]
    names = ["entity_id", "currency", "account_code", "account_name", "stream", "period", *bridge]
    table = Table(workbook, "Bridge", figures.statement, names, figures.exponents)
    first, last = len(names) - len(bridge) + 1, len(names)
    table.add_formula(
        "unexplained",
        (
            f"=ROUND({_at(last, place)}-SUM({_at(first, place)}:{_at(last - 1, place)}),"
            f"{figures.exponents[row['currency']]})"
            for place, row in enumerate(figures.statement, start=2)
        ),
    )
    behind = [
        "cause", "entity_id", "currency", "account_code", "stream", "period", "contract_number",
        "customer_name", "sku", "gl_reference", "contract_id", "obligation_id", "amount_minor",
    ]  # fmt: skip
    Table(workbook, "Contracts", figures.changes, behind, figures.exponents)
    beside = path.with_name(f".{path.name}.new")
    workbook.save(beside)
    settle(beside, path)


def _at(column: int, row: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column)}{row}"


def write_recast_report(figures: RecastFigures, warehouse: Path, folder: Path) -> list[Path]:
    """Page, workbook, Parquet and CSV of a recast, in one folder. Returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    beside = page.with_name(".index.html.new")
    beside.write_text(_page(figures), encoding="utf-8")
    os.replace(beside, page)
    written = [page, folder / "recast.xlsx"]
    _workbook(figures, written[1])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for name, sql in FILES.items():
            for suffix, options in ((".parquet", "format parquet"), (".csv", "format csv, header")):
                path = folder / f"{name}{suffix}"
                literal = str(path).replace("'", "''")
                connection.execute(f"copy ({sql}) to '{literal}' ({options})")
                written.append(path)
    return written
