"""The verb of a recast: compute all history under a policy version and print the bridge to what was reported.

Prints what happened and where to look next; decides nothing about accounting.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings

Load = Callable[[], Settings]


def register(main: click.Group, load: Load, console: Console) -> None:
    """Add the verb to the command."""

    @main.command("recast")
    @click.option("--policy", required=True, help="A version that policies.csv names.")
    @click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
        default=None,
        help="Evidence before this instant (UTC); the cut-off of the last close is the default.",
    )
    def recast_(policy: str, as_of: datetime | None) -> None:
        """Compute all history under a policy version, bridged to what was reported. Posts nothing."""
        from orchestration.recasting import recast, report

        settings = load()
        done = recast(settings, policy, as_of.replace(tzinfo=UTC) if as_of else None)
        print_recast(console, *report(settings, done))


def print_recast(console: Console, figures: Any, written: list[Path]) -> None:
    """The bridge of net revenue by entity and stream, the proof, and where the rest is."""
    from expectations.pages import major
    from orchestration.reports.recast_figures import books_of, total, used_causes

    console.print(
        f"[bold]{figures.policy_name}[/bold]  all history, evidence to {figures.as_of:%Y-%m-%d}, "
        f"as reported by the ERP up to {figures.go_live} and by the books after"
    )
    used = used_causes(figures)
    table = Table(
        title="Net revenue, profit positive: as reported + causes = as recast",
        title_justify="left",
        box=None,
    )
    for heading in ("books", "stream"):
        table.add_column(heading, no_wrap=True)
    for heading in ("as reported", *(title.lower() for title in used.values()), "as recast"):
        table.add_column(heading, justify="right", min_width=8)

    def line(entity: str, currency: str, stream: str, row: Any, style: str = "") -> None:
        shown = [
            major(row[f"{name}_minor"], figures.exponents[currency])
            if row[f"{name}_minor"]
            else "·"
            for name in ("reported", *used, "recast")
        ]
        table.add_row(f"{entity} {currency}", stream, *shown, style=style)

    for entity, currency in books_of(figures.revenue):
        for row in figures.revenue:
            if (row["entity_id"], row["currency"]) == (entity, currency):
                line(entity, currency, row["stream"].replace("_", " "), row)
        whole = total(figures.revenue, entity_id=entity, currency=currency)
        line(entity, currency, "all streams", whole, style="bold")
    # An amount is never cut: on a narrow terminal the lines run on.
    width, console.width = console.width, max(console.width, 150)
    console.print(table)
    console.width = width
    verdict = (
        "[green]every amount has its cause[/green]"
        if not figures.unexplained_minor
        else "[red]does not tie[/red]"
    )
    console.print(
        f"unexplained in {figures.line_count:,} lines: {figures.unexplained_minor:,}  {verdict}; "
        f"{figures.contract_count:,} contracts change by policy; nothing posted"
    )
    for path in written:
        if path.suffix in (".html", ".xlsx"):
            console.print(f"  {path}")
