"""The tieout command: thin verbs over the functions the Dagster assets call.

Prints what happened and where to look next; decides nothing about accounting.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestration import settings as config
from orchestration.cli_books import register as register_books
from orchestration.cli_flux import register as register_flux
from orchestration.cli_recast import register as register_recast
from orchestration.settings import Settings

SOURCES = ["salesforce", "stripe", "metering", "bank", "erp", "fx"]

console = Console(width=max(130, Console().width))


def _settings(**changes: object) -> Settings:
    from orchestration.instance import prepare

    settings = config.load()
    settings = replace(settings, **{k: v for k, v in changes.items() if v is not None})  # type: ignore[arg-type]
    prepare(settings)
    return settings


class Verbs(click.Group):
    """Errors that the project itself raises say what to do; anything else keeps its trace."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if type(error).__module__.startswith(("orchestration.", "expectations.")):
                raise click.ClickException(str(error)) from error
            raise


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Show progress of every object.")
def main(verbose: bool) -> None:
    """Books that tie out for a company that sells usage."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="    %(message)s",
        stream=sys.stdout,
    )


@main.command()
def demo() -> None:
    """Run the whole pipeline through Dagster and print what tied."""
    from orchestration.demo import run_demo

    settings = _settings()
    sys.exit(0 if run_demo(settings, console) else 1)


@main.command()
@click.argument("sources", nargs=-1, type=click.Choice(SOURCES))
def pull(sources: tuple[str, ...]) -> None:
    """Land what is new at every source (or at those named)."""
    from orchestration import pipeline

    results = pipeline.land(_settings(), sources)
    table = Table("source", "object", "entity", "new rows", "result", box=None)
    for result in results:
        if result.rows or result.error:
            outcome = f"[red]{result.error}[/red]" if result.error else "landed"
            table.add_row(
                result.source, result.object, result.entity or "", f"{result.rows:,}", outcome
            )
    console.print(table)
    failed = [result for result in results if result.error]
    landed = sum(result.rows for result in results)
    console.print(f"{landed:,} new records; {len(failed)} object(s) failed")
    if failed:
        console.print("What landed is kept. Mend the cause and run `tieout pull` again.")
        sys.exit(1)


@main.command()
def build() -> None:
    """Rebuild the warehouse from what has landed, and print what tied."""
    from orchestration import pipeline
    from orchestration.demo import print_handoffs

    settings = _settings()
    pipeline.build(settings)
    sys.exit(0 if print_handoffs(settings, console) else 1)


@main.command()
@click.option("--stage", type=click.Choice(["evidence", "books"]), default=None)
def controls(stage: str | None) -> None:
    """Run the controls and write the validation reports."""
    from expectations.runner import run_controls

    settings = _settings()
    failed_blocking = False
    table = Table("control", "result", "severity", "observed", "threshold", box=None)
    from expectations.register import load_register

    register = {control.id: control for control in load_register()}
    for one in [stage] if stage else ["evidence", "books"]:
        for result in run_controls(settings, one):
            control = register[result.control_id]
            failed_blocking |= control.blocking and not result.passed
            verdict = "[green]pass[/green]" if result.passed else "[red]FAIL[/red]"
            table.add_row(
                f"{control.id} {control.title}",
                verdict,
                control.severity + (" blocking" if control.blocking else ""),
                str(result.observed),
                control.threshold,
            )
    console.print(table)
    sys.exit(1 if failed_blocking else 0)


@main.command()
def publish() -> None:
    """Publish the marts for BI: one DuckDB file and Parquet, all or nothing."""
    from orchestration.publish import publish as publish_marts
    from orchestration.release import require_released
    from orchestration.reports.memos import write_memos
    from orchestration.reports.summary import write_summary

    settings = _settings()
    require_released(settings)
    done = publish_marts(settings)
    write_memos(settings)
    console.print(f"version {done.version}: {done.database}")
    console.print(f"report: {write_summary(settings)}")


@main.command()
def memos() -> None:
    """Write a five-step memo of every contract."""
    from orchestration.reports.memos import write_memos

    console.print(f"memos: {write_memos(_settings()) / 'index.html'}")


@main.command()
@click.option("--seed", type=int, default=None, help="Another world.")
@click.option("--size", type=int, default=None, help="Number of customers.")
@click.option("--defect-rate", type=float, default=None, help="Share of records planted bad.")
def score(seed: int | None, size: int | None, defect_rate: float | None) -> None:
    """Run the pipeline on a fresh sandbox world and print recall and precision."""
    import tempfile

    from orchestration import pipeline
    from orchestration.demo import print_score
    from orchestration.sandbox.process import stop_serving

    with tempfile.TemporaryDirectory(prefix="tieout-score-") as scratch:
        home = Path(scratch)
        os.environ["TIEOUT_HOME"] = scratch
        settings = _settings(home=home, seed=seed, size=size, defect_rate=defect_rate)
        settings = replace(settings, drops=config.Drops.below(settings.sandbox_dir / "drops"))
        if settings.env != "sandbox":
            raise click.ClickException("score needs TIEOUT_ENV=sandbox: only it knows the truth")
        started = time.monotonic()
        try:
            failed = [result for result in pipeline.land(settings) if result.error]
            if failed:
                raise click.ClickException(f"{failed[0].source}: {failed[0].error}")
            pipeline.build(settings)
            perfect = print_score(settings, console)
        finally:
            stop_serving(settings.sandbox_dir)
        took = timedelta(seconds=round(time.monotonic() - started))
        console.print(f"seed {settings.seed}, {settings.size:,} customers, {took}")
    sys.exit(0 if perfect else 1)


@main.command()
@click.option(
    "--cases",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="A directory of your own cases; the published examples are the default.",
)
def conformance(cases: Path | None) -> None:
    """Run published examples through the production models, a line a case."""
    from orchestration.conformance import BUNDLED_CASES, print_results, run

    _settings()
    sys.exit(0 if print_results(run(cases or BUNDLED_CASES), console) else 1)


@main.command()
@click.option("--port", default=3000, show_default=True)
def ui(port: int) -> None:
    """Open Dagster on this project."""
    settings = _settings()
    workspace = config.REPOSITORY / "workspace.yaml"
    program = str(Path(sys.executable).with_name("dagster"))
    console.print(f"Dagster: http://127.0.0.1:{port}  (state in {settings.dagster_home})")
    os.chdir(config.REPOSITORY)
    # dagster dev looks for its programs on PATH.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.execv(program, [program, "dev", "-w", str(workspace), "-p", str(port), "-h", "127.0.0.1"])


@main.command()
@click.option("--sections", default="stages,schedule,books", show_default=True, help="By comma.")
@click.option("--sizes", default="20,200,2000", show_default=True, help="Customers, by comma.")
@click.option("--contracts", default="1000,10000,100000", show_default=True, help="By comma.")
@click.option("--lines", default=10_000_000, show_default=True, help="Lines in the books.")
@click.option("--repeats", default=3, show_default=True, help="Runs of each side of a ratio.")
def bench(sections: str, sizes: str, contracts: str, lines: int, repeats: int) -> None:
    """Time the pipeline, the revenue schedule and a close, as ratios of one run."""
    from orchestration.bench import SECTIONS, run_bench

    chosen = sections.split(",")
    if unknown := sorted({*chosen} - {*SECTIONS}):
        raise click.UsageError(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    _settings()
    run_bench(
        console,
        sections=chosen,
        sizes=[int(size) for size in sizes.split(",")],
        contracts=[int(count) for count in contracts.split(",")],
        lines=lines,
        repeats=repeats,
    )


@main.group()
def sandbox() -> None:
    """The company behind the vendors' protocols."""


@sandbox.command("serve")
def sandbox_serve() -> None:
    """Build the world if need be and serve Salesforce and Stripe over HTTP."""
    from orchestration.defs.resources import connected

    settings = connected(_settings())
    console.print(f"Salesforce: {settings.salesforce.instance_url}")
    for account in settings.stripe:
        console.print(f"Stripe {account.entity_id}: {account.api_base} key {account.api_key}")
    console.print(f"file drops: {settings.drops.metering.parent}")


@sandbox.command("advance")
@click.option("--to", "to", type=click.DateTime(["%Y-%m-%d"]), required=True)
def sandbox_advance(to: datetime) -> None:
    """Let the world's vendors and drops go on to the start of a day (UTC)."""
    from orchestration.sandbox.clock import advance

    settings = _settings()
    advance(settings.sandbox_dir, to.replace(tzinfo=UTC))
    console.print(f"the world stands at {to:%Y-%m-%d}: `tieout pull` lands what has come to be")


@sandbox.command("events")
@click.option("--days", default=1, show_default=True)
def sandbox_events(days: int) -> None:
    """Drop further days of metering, as a running platform would."""
    from orchestration.sandbox.emit import emit_days

    settings = _settings()
    for path in emit_days(settings.sandbox_dir, days):
        console.print(f"dropped {path}")


register_books(main, _settings, console)
register_flux(main, _settings, console)
register_recast(main, _settings, console)


if __name__ == "__main__":
    main()
