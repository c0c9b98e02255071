"""What `make demo` and its siblings print: the run, what tied, what was found, where to look.

Belongs here: the order of the demo and its tables; the months are in ``demo_closes``. Every figure printed
stands in a mart, a manifest or a report.
"""

from __future__ import annotations

import json
import time

import dagster as dg
import duckdb
from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

from orchestration.demo_closes import (
    STARTED_HERE,
    close_last_month,
    live_until_the_last_month,
    print_books,
    print_recast,
)
from orchestration.settings import Settings

RECONCILED = """
    select handoff, entity_id, currency, left_minor, right_minor, matched_count, timing_count,
        timing_minor, exception_count, exception_minor, unexplained_minor
    from marts.rpt_reconciliation_summary
    order by all
"""


def run_demo(settings: Settings, console: Console) -> bool:
    """Live through the last months, run the job ``crm_to_cash``, close, recast. True if all of it tied."""
    started = time.monotonic()
    console.print(
        f"[bold]Tieout[/bold]  {settings.env}, as of {settings.as_of:%Y-%m-%d}, "
        f"{settings.size:,} customers, state in {settings.home}"
    )
    from orchestration.definitions import defs
    from orchestration.defs.console import quiet

    job = defs.resolve_job_def("crm_to_cash")
    log = settings.dagster_home / "demo.log"
    try:
        with (
            FileLock(settings.dagster_home / "demo.lock", timeout=0),
            dg.DagsterInstance.get() as instance,
            quiet(log),
        ):
            release_killed(instance, STARTED_HERE)
            is_sandbox = settings.env == "sandbox"
            done = not is_sandbox or live_until_the_last_month(settings, instance)
            if done:
                done = job.execute_in_process(
                    instance=instance,
                    run_config={"loggers": {"progress": {}}},
                    tags=STARTED_HERE,
                    raise_on_error=False,
                ).success
            if done and is_sandbox:
                done = close_last_month(settings, instance)
    except Timeout:
        console.print(f"[red]Another demo runs in {settings.home}.[/red] Wait for it to end.")
        return False
    if not done:
        console.print(f"[red]The run failed.[/red] See the step above, {log}, or `make ui`.")
        return False
    tied = print_handoffs(settings, console)
    if is_sandbox:
        print_score(settings, console)
        tied &= print_books(settings, console)
        print_recast(settings, console)
    console.print("\n[bold]Where to look[/bold]")
    for what, path in (
        ("summary", settings.reports / "index.html"),
        ("control reports", settings.controls / "index.html"),
        ("marts for BI", settings.published / "tieout.duckdb"),
    ):
        console.print(f"  {what:<16} {path}")
    console.print(f"  {'Dagster':<16} make ui")
    console.print(f"\n{time.monotonic() - started:.0f} s")
    return tied


def release_killed(instance: dg.DagsterInstance, tags: dict[str, str]) -> None:
    """End the runs that a killed process left behind; they would hold the warehouse's one slot.

    The caller holds the lock that each of those processes held, so none of them is alive.
    """
    unfinished = [
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.NOT_STARTED,
    ]
    for run in instance.get_runs(dg.RunsFilter(tags=tags, statuses=unfinished)):
        instance.report_run_failed(run, "Its process was killed; the next demo goes on from there.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def print_handoffs(settings: Settings, console: Console) -> bool:
    """Print a line a handoff, entity and currency; True if nothing is unexplained."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = connection.execute(RECONCILED).fetchall()
    table = Table(title="Handoffs, in minor units: left − right = timing + exceptions", box=None)
    table.title_justify = "left"
    table.add_column("handoff", no_wrap=True, min_width=18)
    for heading in ("entity", "currency"):
        table.add_column(heading, no_wrap=True)
    for heading in ("left", "right", "matched", "timing", "exceptions", "unexplained"):
        table.add_column(heading, justify="right", no_wrap=True)
    for handoff, entity, currency, left, right, matched, *rest in rows:
        timings, timing, exceptions, exception, unexplained = rest
        table.add_row(
            *(handoff, entity, currency, f"{left:,}", f"{right:,}", f"{matched:,}"),
            f"{timing:,} ({timings:,})",
            f"{exception:,} ({exceptions:,})",
            f"{unexplained:,}",
        )
    console.print(table)
    if not rows:
        console.print("[red]Nothing to tie:[/red] no evidence has landed; run `tieout pull` first.")
        return False
    unexplained = sum(abs(row[-1]) for row in rows)
    verdict = "[green]everything ties[/green]" if not unexplained else "[red]does not tie[/red]"
    console.print(f"unexplained in total: {unexplained:,}  {verdict}")
    return not unexplained


def print_score(settings: Settings, console: Console) -> bool:
    """Hold the exceptions found against the sandbox's planted defects; True if all agree."""
    from orchestration.score import score

    truth = json.loads((settings.sandbox_dir / "truth.json").read_text())
    table = Table(title="Planted defects found", title_justify="left", box=None)
    table.add_column("reason code")
    for heading in ("planted", "found", "raised", "recall", "precision"):
        table.add_column(heading, justify="right")
    perfect = True
    for line in score(settings.warehouse, truth):
        perfect &= line.recall == 1 and line.precision == 1
        table.add_row(
            line.reason_code,
            str(line.planted),
            str(line.found),
            str(line.raised),
            f"{line.recall:.2f}",
            f"{line.precision:.2f}",
        )
    console.print(table)
    return perfect
