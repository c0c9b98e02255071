"""Times the pipeline, the revenue schedule and a close of the books, in one run, as ratios.

Every stage is a process of its own, so that wall time and peak memory are the operating system's
figures. Yardsticks are DuckDB doing the least that the same data asks for: a ratio survives a slow machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from orchestration.books.bench import CASES, Timing
from orchestration.schedule_bench import ScheduleTiming

SECTIONS = ("stages", "schedule", "books")
BIN = Path(sys.executable).parent

YARDSTICK = """
import sys, pathlib, duckdb
root = pathlib.Path(sys.argv[1])
files = [str(p) for p in root.glob("*/*/*/part-*.parquet")]
duckdb.execute("set preserve_insertion_order=false")
duckdb.execute("copy (select * from read_parquet(?, union_by_name=true)) to '/dev/null' "
    "(format parquet)", [files])
"""


@dataclass(frozen=True)
class Stage:
    """One stage of one size: wall seconds and the largest resident memory of its process tree."""

    name: str
    seconds: float
    peak_bytes: int
    output: str = ""


def _tree_memory(process: psutil.Process) -> int:
    try:
        return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def measure(name: str, command: list[str], env: dict[str, str]) -> Stage:
    """Run a command to its end. Errors: CalledProcessError with its output."""
    started = time.monotonic()
    running = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    assert running.stdout is not None
    # Drained beside the sampling: a full pipe would stop the process being measured.
    reader = threading.Thread(target=lambda out: lines.extend(out), args=(running.stdout,))
    reader.start()
    watched, peak = psutil.Process(running.pid), 0
    while running.poll() is None:
        peak = max(peak, _tree_memory(watched))
        time.sleep(0.05)
    reader.join()
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command, "".join(lines[-40:]))
    return Stage(name, time.monotonic() - started, peak, "".join(lines))


def stages(size: int, home: Path) -> tuple[list[Stage], Stage]:
    """Every stage of a first run at one size, and the yardstick on its evidence."""
    env = os.environ | {"TIEOUT_HOME": str(home), "TIEOUT_SIZE": str(size)}
    tieout = str(BIN / "tieout")
    done = [
        measure("sandbox world", [tieout, "sandbox", "serve"], env),
        measure("pull and land", [tieout, "pull"], env),
        measure("pull again", [tieout, "pull"], env),
        measure("dbt build", [tieout, "build"], env),
        measure("controls", [tieout, "controls"], env),
        measure("publish", [tieout, "publish"], env),
    ]
    yardstick = measure("yardstick", [sys.executable, "-c", YARDSTICK, str(home / "landing")], env)
    return done, yardstick


def _pipeline(sizes: Sequence[int], console: Console) -> None:
    """A table a size."""
    from orchestration.sandbox.process import stop_serving

    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tieout-bench-") as scratch:
            home = Path(scratch)
            try:
                done, yardstick = stages(size, home)
            finally:
                stop_serving(home / "sandbox")
        total = sum(stage.seconds for stage in done)
        table = _table(f"{size:,} customers", "stage")
        for heading in ("seconds", "share", "× evidence copied once", "peak MiB"):
            table.add_column(heading, justify="right")
        for stage in done:
            table.add_row(
                stage.name,
                f"{stage.seconds:.1f}",
                f"{stage.seconds / total:.0%}",
                f"{stage.seconds / yardstick.seconds:.1f}",
                _mebibytes(stage.peak_bytes),
            )
        table.add_row("total", f"{total:.1f}", "100%", f"{total / yardstick.seconds:.1f}", "")
        console.print(table)


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column(first)
    return table


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f}"


def _schedule_of(contracts: int, repeats: int) -> tuple[ScheduleTiming, int]:
    """The fastest of several runs of the models on one evidence, and the largest peak of any."""
    module = [sys.executable, "-m", "orchestration.schedule_bench"]
    env = dict(os.environ)
    found: list[ScheduleTiming] = []
    peak = 0
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as home:
        measure("evidence", [*module, home, "prepare", str(contracts)], env)
        for _ in range(repeats):
            run = measure("models", [*module, home, "run", str(contracts)], env)
            peak = max(peak, run.peak_bytes)
            timed = measure("yardsticks", [*module, home, "time", str(contracts)], env)
            found.append(ScheduleTiming.from_json(timed.output.splitlines()[-1]))
    return ScheduleTiming.best(found), peak


def _schedule(sizes: Sequence[int], repeats: int, console: Console) -> None:
    """The revenue schedule of plain daily-ratable contracts over 24 months, a row a size."""
    table = _table("Revenue schedule: contracts × 24 months, daily ratable", "contracts")
    timings = [_schedule_of(size, repeats) for size in sizes]
    for heading in (
        "schedule rows",
        "days covered",
        "schedule s",
        *(f"× {stick.name}" for stick in timings[0][0].yardsticks),
        "staging to schedule s",
        "ms a contract",
        "× first size",
        "peak MiB",
    ):
        table.add_column(heading, justify="right")
    first = timings[0][0].schedule_seconds / timings[0][0].contracts
    for timing, peak in timings:
        each = timing.schedule_seconds / timing.contracts
        table.add_row(
            f"{timing.contracts:,}",
            f"{timing.schedule_rows:,}",
            f"{timing.contract_days:,}",
            f"{timing.schedule_seconds:.1f}",
            *(f"{timing.schedule_seconds / stick.seconds:.1f}" for stick in timing.yardsticks),
            f"{timing.total_seconds:.1f}",
            f"{each * 1000:.2f}",
            f"{each / first:.2f}",
            _mebibytes(peak),
        )
    console.print(table)
    last = timings[-1][0]
    slowest = sorted(last.model_seconds.items(), key=lambda item: -item[1])[:6]
    listed = ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest)
    console.print(f"slowest models of {last.contracts:,}, seconds: {listed}")


def _books(lines: int, repeats: int, console: Console) -> None:
    """A close against as many posted lines, a row a case; the fastest of several runs of both sides."""
    table = _table(f"Close of the books: {lines:,} lines computed against as many posted", "case")
    for heading in ("lines posted", "close s", "copy s", "× copied once", "peak MiB"):
        table.add_column(heading, justify="right")
    for case in CASES:
        runs = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory(prefix="tieout-bench-") as scratch:
                command = [sys.executable, "-m", "orchestration.books.bench", scratch, case]
                done = measure(case, [*command, str(lines)], dict(os.environ))
            runs.append(Timing(**json.loads(done.output.splitlines()[-1])))
        seconds = min(run.seconds for run in runs)
        copied = min(run.yardstick_seconds for run in runs)
        table.add_row(
            case,
            f"{runs[0].posted_lines:,}",
            f"{seconds:.1f}",
            f"{copied:.1f}",
            f"{seconds / copied:.1f}",
            _mebibytes(max(run.peak_bytes for run in runs)),
        )
    console.print(table)


def run_bench(
    console: Console,
    *,
    sections: Sequence[str],
    sizes: Sequence[int],
    contracts: Sequence[int],
    lines: int,
    repeats: int,
) -> None:
    """Print a table a section; nothing is asserted, because a time is not a test."""
    try:
        if "stages" in sections:
            _pipeline(sizes, console)
        if "schedule" in sections:
            _schedule(contracts, repeats, console)
        if "books" in sections:
            _books(lines, repeats, console)
    except subprocess.CalledProcessError as error:
        console.print(f"[red]{' '.join(error.cmd)} failed[/red]\n{error.output}")
