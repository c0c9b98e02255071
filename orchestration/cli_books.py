"""The verbs of the books: open, close, reopen, verify, reproduce, export, sign off, and what state each is in.

Prints what happened and where to look next; decides nothing about accounting.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings

Load = Callable[[], Settings]


class Period(click.ParamType):
    """A month, written 2026-03."""

    name = "period"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        from orchestration.books import BooksError, parse_period

        if isinstance(value, date):
            return value
        try:
            return parse_period(str(value))
        except BooksError as error:
            self.fail(str(error), param, ctx)


def _money(minor: int) -> str:
    return f"{minor:,}"


def _people(prepared_by: str | None, approved_by: str, approve: Sequence[str]) -> Any:
    """Who acts. ``approve`` is ENTITY:CURRENCY:MINOR[:note], given by the approver."""
    from orchestration.books import Approval
    from orchestration.closing import Person

    approvals = []
    for text in approve:
        parts = text.split(":", 3)
        if len(parts) < 3 or not parts[2].isdigit():
            raise click.BadParameter(
                f"{text!r} is not ENTITY:CURRENCY:MINOR[:note], for example US01:USD:250000:late usage",
                param_hint="--approve",
            )
        note = parts[3] if len(parts) == 4 else ""
        approvals.append(Approval(parts[0], parts[1], int(parts[2]), approved_by, note))
    return Person(prepared_by or getpass.getuser(), approved_by, tuple(approvals))


def _print_prior(console: Console, prior: Sequence[Any]) -> None:
    if not prior:
        console.print("no amounts of earlier months")
        return
    table = Table(title="Amounts of earlier months, by cause", title_justify="left", box=None)
    for heading in ("entity", "currency", "month", "cause"):
        table.add_column(heading, no_wrap=True)
    for heading in ("result", "gross", "lines"):
        table.add_column(heading, justify="right")
    for one in prior:
        table.add_row(
            one.entity_id,
            one.currency,
            one.period,
            one.cause,
            _money(one.result_minor),
            _money(one.gross_minor),
            str(one.lines),
        )
    console.print(table)


def _print_checklist(console: Console, lines: Sequence[Any]) -> None:
    table = Table(title="Checklist of the close", title_justify="left", box=None)
    for heading in ("step", "owner", "due", "status", "detail"):
        table.add_column(heading)
    for line in lines:
        detail = "; ".join(part for part in (*line.blocked_by, line.detail) if part)
        status = f"{line.status}, late" if line.is_late else line.status
        table.add_row(line.step.title, line.step.owner_role, f"{line.due_date}", status, detail)
    console.print(table)


def _print_closed(console: Console, done: Any) -> None:
    if done.batch is not None:
        console.print(
            f"{done.period:%Y-%m} is sealed by batch {done.batch.batch_id}: {done.batch.rows:,} lines"
        )
        console.print(f"seal {done.batch.seal}  (note it outside the books)")
    elif done.preview is not None:
        console.print(
            f"{done.period:%Y-%m} would post {done.preview.lines:,} lines; nothing posted"
        )
    if done.preview is not None:
        _print_prior(console, done.preview.prior_period)
    _print_checklist(console, done.checklist)
    for path in done.packets:
        console.print(f"  {path}")


def register(main: click.Group, load: Load, console: Console) -> None:
    """Add the verbs of the books to the command."""
    who = [
        click.option("--prepared-by", default=None, help="Default: the user who runs it."),
        click.option("--approved-by", default="", help="Somebody else; a seal names both."),
    ]

    def people_options(verb: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(who):
            verb = option(verb)
        return verb

    @main.command("open")
    @click.argument("period", type=Period())
    @people_options
    def open_(period: date, prepared_by: str | None, approved_by: str) -> None:
        """Go live at the end of PERIOD, against the ERP's trial balance."""
        from orchestration.closing import open_at

        settings = load()
        done = open_at(settings, period, _people(prepared_by, approved_by, ()))
        _print_closed(console, replace(done, preview=None))
        table = Table(
            title="Opening differences: the ERP less what the evidence explains",
            title_justify="left",
            box=None,
        )
        for heading in ("entity", "currency", "account"):
            table.add_column(heading)
        table.add_column("difference", justify="right")
        for row in done.opening_differences:
            table.add_row(
                row["entity_id"],
                row["currency"],
                row["account_code"],
                _money(row["amount_minor"]),
            )
        console.print(table)

    @main.command("close")
    @click.argument("period", type=Period())
    @click.option("--soft", is_flag=True, help="Show what would post; post nothing.")
    @click.option("--reason", default="", help="Recorded with the batch.")
    @click.option(
        "--approve", multiple=True, help="ENTITY:CURRENCY:MINOR[:note] of earlier months."
    )
    @people_options
    def close_(
        period: date,
        soft: bool,
        reason: str,
        approve: tuple[str, ...],
        prepared_by: str | None,
        approved_by: str,
    ) -> None:
        """Post the difference of PERIOD, seal it, make its packet and publish."""
        from orchestration.closing import close_period

        settings = load()
        people = _people(prepared_by, approved_by, approve)
        done = close_period(settings, period, people, soft=soft, reason=reason)
        _print_closed(console, done)

    @main.command("reopen")
    @click.argument("period", type=Period())
    @click.option("--reason", required=True)
    @people_options
    def reopen_(period: date, reason: str, prepared_by: str | None, approved_by: str) -> None:
        """Open a sealed PERIOD again, and record why."""
        from orchestration.closing import reopen_period

        settings = load()
        batch = reopen_period(settings, period, _people(prepared_by, approved_by, ()), reason)
        console.print(f"{period:%Y-%m} is open again by {batch.batch_id}: close it to post")

    @main.command("packet")
    @click.argument("period", type=Period())
    def packet_(period: date) -> None:
        """Make the packet of a sealed PERIOD again and publish; a killed close ends with it."""
        from orchestration.closing import packet_period

        settings = load()
        done = packet_period(settings, period)
        _print_closed(console, done)

    @main.command("checklist")
    @click.argument("period", type=Period())
    def checklist_(period: date) -> None:
        """Show each step of the close of PERIOD: owner, due day, status, what blocks it."""
        from datetime import UTC, datetime

        from orchestration.close_facts import checklist_of

        settings = load()
        _print_checklist(console, checklist_of(settings.books, period, datetime.now(UTC).date()))

    @main.command("sign-off")
    @click.argument("period", type=Period())
    @click.option("--by", required=True, help="Who signs; not who prepared the close.")
    @click.option("--role", required=True, help="For example CFO.")
    @click.option("--remarks", default="")
    def sign_off_(period: date, by: str, role: str, remarks: str) -> None:
        """Record that the packet of PERIOD was read and is signed off."""
        from orchestration.closing import sign_off

        sign_off(load(), period, by, role, remarks)
        console.print(f"{period:%Y-%m} is signed off by {by}, {role}")

    @main.command("release-opening")
    @click.argument("entity")
    @click.argument("currency")
    @click.option("--by", required=True)
    @click.option("--reason", required=True)
    def release_(entity: str, currency: str, by: str, reason: str) -> None:
        """Let the next close post back ENTITY's opening differences in CURRENCY."""
        from orchestration.closing import release_opening

        lines = release_opening(load(), entity, currency, by, reason)
        console.print(f"{lines} lines of {entity} in {currency} post with the next close")

    @main.command("books")
    def books_() -> None:
        """Show the state of every period and the batches that made it."""
        from orchestration import books

        settings = load()
        found = books.states(settings.books)
        table = Table("period", "state", "batches", "reason", box=None)
        for state in found:
            table.add_row(
                f"{state.period:%Y-%m}", state.state, ", ".join(state.batch_ids), state.reason
            )
        console.print(table if found else "the books are empty: `tieout open PERIOD` goes live")

    @main.command("verify")
    @click.option("--seal", default=None, help="A seal noted outside the books.")
    @click.option(
        "--books",
        "folder",
        type=click.Path(exists=True, path_type=Path),
        help="A copy of the books.",
    )
    def verify_(seal: str | None, folder: Path | None) -> None:
        """Check every byte of the books and the chain of seals, offline."""
        from orchestration import books

        root = folder or load().books
        problems = books.verify(root, expected_head=seal)
        for problem in problems:
            console.print(f"[red]{problem}[/red]")
        if problems:
            console.print(f"the first bad batch is {problems[0].batch_id}: restore it from a copy")
            sys.exit(1)
        chain = books.batches(root)
        last = f", last seal {chain[-1].seal}" if chain else ""
        console.print(f"{len(chain)} batches verify{last}")

    @main.command("reproduce")
    @click.argument("period", type=Period())
    def reproduce_(period: date) -> None:
        """Make a sealed PERIOD again from its evidence and compare the bytes."""
        from orchestration.closing import reproduce_period

        settings = load()
        found = reproduce_period(settings, period)
        for one in found:
            verdict = "identical, byte for byte" if one.is_identical else "[red]differs[/red]"
            console.print(f"{one.batch_id}: {verdict}")
            for difference in one.differences:
                console.print(f"  {difference}")
        sys.exit(0 if all(one.is_identical for one in found) else 1)

    @main.command("export")
    @click.argument("period", type=Period())
    @click.option(
        "--to", "shape", type=click.Choice(["netsuite", "quickbooks", "beancount"]), required=True
    )
    @click.option("--out", type=click.Path(path_type=Path), default=None)
    def export_(period: date, shape: str, out: Path | None) -> None:
        """Write the journal of PERIOD for an ERP, or all the books as Beancount text."""
        from orchestration.closing import export

        settings = load()
        for path in export(settings, period, shape, out, getpass.getuser()):
            console.print(str(path))
