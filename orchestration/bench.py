"""Times each stage of the pipeline at several sizes, in one run, as shares and ratios.

Every stage is a process of its own, so that wall time and peak memory are the operating system's
figures. The yardstick is DuckDB copying the landed evidence once: a ratio survives a slow machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

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
    return Stage(name, time.monotonic() - started, peak)


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


def run_bench(sizes: list[int], console: Console) -> None:
    """Print a table a size; nothing is asserted, because a time is not a test."""
    from orchestration.sandbox.process import stop_serving

    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tieout-bench-") as scratch:
            home = Path(scratch)
            try:
                done, yardstick = stages(size, home)
            except subprocess.CalledProcessError as error:
                console.print(f"[red]{' '.join(error.cmd)} failed[/red]\n{error.output}")
                return
            finally:
                stop_serving(home / "sandbox")
        total = sum(stage.seconds for stage in done)
        table = Table(title=f"{size:,} customers", title_justify="left", box=None)
        table.add_column("stage")
        for heading in ("seconds", "share", "× evidence copied once", "peak MiB"):
            table.add_column(heading, justify="right")
        for stage in done:
            table.add_row(
                stage.name,
                f"{stage.seconds:.1f}",
                f"{stage.seconds / total:.0%}",
                f"{stage.seconds / yardstick.seconds:.1f}",
                f"{stage.peak_bytes / 2**20:,.0f}",
            )
        table.add_row("total", f"{total:.1f}", "100%", f"{total / yardstick.seconds:.1f}", "")
        console.print(table)
