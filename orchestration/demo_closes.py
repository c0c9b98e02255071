"""The months of the demo's company: go-live, then a close a month with late evidence between them.

The sandbox stands at each month's end in turn, so what is late really comes late. Each act is a run of the
close's own asset, so that the UI shows its partition. What is sealed already is left as it is.
"""

from __future__ import annotations

from datetime import date

import dagster as dg
from rich.console import Console
from rich.table import Table

from orchestration import books, pipeline
from orchestration.books.store import period_name, previous_period
from orchestration.closing import cut_off_of, materiality
from orchestration.sandbox.clock import advance, clock_of
from orchestration.settings import Settings

CLOSES = 3
RECAST_POLICY = "group_2026"
PREPARED_BY, APPROVED_BY = "ana (revenue accounting)", "ben (controller)"
STARTED_HERE = {"tieout/started_by": "demo"}


def months(settings: Settings) -> list[date]:
    """Go-live and the months closed after it; the last one ends with the world."""
    last = previous_period(settings.as_of.date().replace(day=1))
    found = [last]
    for _ in range(CLOSES):
        found.insert(0, previous_period(found[0]))
    return found


def is_sealed(settings: Settings, period: date) -> bool:
    return any(
        state.period == period and state.state == "sealed" for state in books.states(settings.books)
    )


def _approvals() -> list[str]:
    """The demo's controller has read the late evidence, whatever it comes to."""
    return [
        f"{entity}:{currency}:{10**12}:late evidence read and agreed"
        for entity, currency in materiality().by_entity
    ]


def close_month(instance: dg.DagsterInstance, period: date, *, go_live: bool) -> bool:
    """Materialise one partition of the close. True if it is sealed."""
    from orchestration.definitions import defs

    config = {
        "prepared_by": PREPARED_BY,
        "approved_by": APPROVED_BY,
        "go_live": go_live,
        "approvals": [] if go_live else _approvals(),
    }
    result = defs.resolve_job_def("close_books").execute_in_process(
        instance=instance,
        partition_key=period.isoformat(),
        run_config={"loggers": {"progress": {}}, "ops": {"books__close": {"config": config}}},
        tags=STARTED_HERE,
        raise_on_error=False,
    )
    return bool(result.success)


def live_until_the_last_month(settings: Settings, instance: dg.DagsterInstance) -> bool:
    """Go live and close every month but the last, each on the evidence of its own end."""
    from orchestration.defs.console import Progress

    go_live, *later = months(settings)
    for period in (go_live, *later[:-1]):
        if is_sealed(settings, period):
            continue
        clock = clock_of(settings.sandbox_dir)
        if clock is None or clock < cut_off_of(period):
            advance(settings.sandbox_dir, cut_off_of(period))
        landed = pipeline.land(settings)
        Progress().say(
            f"    the world stands at {cut_off_of(period):%Y-%m-%d}: "
            f"{sum(result.rows for result in landed):,} new records"
        )
        if not close_month(instance, period, go_live=period == go_live):
            return False
    advance(settings.sandbox_dir, settings.as_of)
    return True


def close_last_month(settings: Settings, instance: dg.DagsterInstance) -> bool:
    """Close the month that ends with the world, on the build the run before has just made."""
    last = months(settings)[-1]
    return is_sealed(settings, last) or close_month(instance, last, go_live=False)


def print_books(settings: Settings, console: Console) -> bool:
    """Print each sealed month with what it posted of earlier months; True if the chain verifies."""
    table = Table(title="Books: what each close posted", title_justify="left", box=None)
    for heading in ("month", "batch", "lines", "of earlier months, by cause (result, minor units)"):
        table.add_column(heading, justify="right" if heading == "lines" else "left")
    for batch in books.batches(settings.books):
        causes: dict[tuple[str, str], int] = {}
        for amount in batch.manifest["prior_period"]:
            key = (amount["cause"], amount["currency"])
            causes[key] = causes.get(key, 0) + amount["result_minor"]
        table.add_row(
            period_name(batch.period),
            batch.batch_id,
            f"{batch.rows:,}",
            ", ".join(
                f"{cause} {minor:+,} {currency}"
                for (cause, currency), minor in sorted(causes.items())
            ),
        )
    console.print(table)
    problems = books.verify(settings.books)
    for problem in problems:
        console.print(f"[red]{problem}[/red]")
    chain = books.batches(settings.books)
    console.print(
        f"{len(chain)} batches, chain [green]verifies[/green], seal {chain[-1].seal[:16]}"
        if not problems
        else "[red]the chain does not verify[/red]"
    )
    return not problems


def print_recast(settings: Settings, console: Console) -> None:
    """Compute all history under the group's policies and print the bridge to what was reported."""
    from orchestration import cli_recast
    from orchestration.recasting import recast, report

    console.print()
    cli_recast.print_recast(console, *report(settings, recast(settings, RECAST_POLICY)))
