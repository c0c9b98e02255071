"""The verbs of the flux: which movements of a period need words, and the words kept with it.

Prints what happened and where to look next; decides nothing about accounting.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import date

import click
from rich.console import Console
from rich.table import Table

from orchestration.cli_books import Period
from orchestration.settings import Settings


def register(main: click.Group, load: Callable[[], Settings], console: Console) -> None:
    """Add the verbs of the flux to the command."""

    @main.command("flux")
    @click.argument("period", type=Period())
    @click.option("--all", "everything", is_flag=True, help="Also lines below threshold.")
    def flux_(period: date, everything: bool) -> None:
        """Show what moved in PERIOD above threshold, and whether it is explained."""
        from orchestration import books
        from orchestration.flux import lines_of

        settings = load()
        # What was said since the last build counts as well.
        said = {one.line_id: one for one in books.explanations(settings.books, period)}
        lines = lines_of(settings.warehouse, period, only_needed=not everything)
        table = Table(box=None)
        for heading in ("line", "basis"):
            table.add_column(heading, no_wrap=True)
        for heading in ("before", "now", "change"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("explanation")
        for line in lines:
            one = said.get(line.line_id)
            table.add_row(
                line.line_id,
                line.basis,
                *(f"{minor:,}" for minor in (line.base_minor, line.current_minor)),
                f"{line.change_minor:,} {line.currency}",
                f"{one.text} ({one.explained_by})" if one else "[red]open[/red]",
            )
        console.print(table)
        missing = sum(line.line_id not in said for line in lines)
        console.print(f"{len(lines)} lines, {missing} without an explanation; minor units")

    @main.command("explain")
    @click.argument("period", type=Period())
    @click.argument("line")
    @click.option("--text", required=True, help="Why it moved.")
    @click.option("--by", default=None, help="Default: the user who runs it.")
    def explain_(period: date, line: str, text: str, by: str | None) -> None:
        """Keep with PERIOD why LINE moved; a later explanation of the line replaces it."""
        from orchestration.flux import explain_line

        kept = explain_line(load(), period, line, text, by or getpass.getuser())
        console.print(
            f"{period:%Y-%m} {kept.line_id}: explanation {kept.sequence_no} is kept as "
            f"{kept.explanation_id[:12]}"
        )
        console.print("the marts and the packet carry it after the next build or close")
