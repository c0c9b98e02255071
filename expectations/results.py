"""What a run of controls leaves behind: results on disk, their files, and the pages made from them.

Readable without Great Expectations, so that reports and the command line can show results cheaply.
Writes beside and renames, so a killed run never leaves a half-written result.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from expectations.pages import environment
from expectations.register import Control, load_register
from orchestration.settings import Settings

SHOWN_ROWS = 200
RESULTS = "results.json"
MATRIX_COLUMNS = (
    "id",
    "title",
    "stage",
    "objective",
    "risk",
    "assertion",
    "frequency",
    "owner_role",
    "severity",
    "blocking",
    "threshold",
    "evidence",
    "model",
    "trips",
)


@dataclass(frozen=True)
class ControlRun:
    """Which run this is: the cut-off and the evidence decide, never the clock."""

    run_id: str
    as_of: datetime
    folder: Path


@dataclass(frozen=True)
class ControlResult:
    """The outcome of one control. ``page`` and ``rows_file`` are relative to the run's folder."""

    control_id: str
    run_id: str
    passed: bool
    observed: str
    rows: int
    failing_count: int
    failing_rows: tuple[dict[str, Any], ...]
    page: str
    rows_file: str
    report: str


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON can carry them."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def replace_text(path: Path, text: str) -> None:
    """Write beside and move over: readers see the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def write_rows(path: Path, table: pa.Table) -> None:
    """Every failing row as CSV, in the order of the frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=10_000):
            writer.writerows(row.values() for row in batch.to_pylist())
    os.replace(beside, path)


def save(run: ControlRun, results: Iterable[ControlResult]) -> dict[str, ControlResult]:
    """Merge results into the run's file; the other stage's results stay. Returns all of them."""
    merged = load_folder(run.folder)
    merged.update({result.control_id: result for result in results})
    ordered = dict(sorted(merged.items()))
    document = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "results": [asdict(result) for result in ordered.values()],
    }
    replace_text(run.folder / RESULTS, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return ordered


def forget(run: ControlRun, stage: str) -> None:
    """Drop a stage's results from the run: what they looked at is about to change."""
    kept = load_folder(run.folder)
    stale = {control.id for control in load_register() if control.stage == stage} & set(kept)
    if stale:
        (run.folder / RESULTS).unlink()
        save(run, [result for id_, result in kept.items() if id_ not in stale])


def load_folder(folder: Path) -> dict[str, ControlResult]:
    """The results written in a run's folder; none if it has not run."""
    path = folder / RESULTS
    if not path.exists():
        return {}
    return {
        entry["control_id"]: ControlResult(
            **{**entry, "failing_rows": tuple(entry["failing_rows"])}
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))["results"]
    }


def latest(settings: Settings) -> tuple[ControlRun | None, dict[str, ControlResult]]:
    """The last run and its results."""
    current = settings.controls / "current.json"
    if not current.exists():
        return None, {}
    found = json.loads(current.read_text(encoding="utf-8"))
    folder = settings.controls / found["run_id"]
    run = ControlRun(found["run_id"], datetime.fromisoformat(found["as_of"]), folder)
    return run, load_folder(folder)


def index_context(run: ControlRun, results: Mapping[str, ControlResult]) -> dict[str, Any]:
    """What the index and the matrix show."""
    controls: dict[str, Control] = {control.id: control for control in load_register()}
    failed = [controls[key] for key, result in results.items() if not result.passed]
    return {
        "run": run,
        "controls": tuple(controls.values()),
        "results": results,
        "blocked": sum(control.blocking for control in failed),
        "attention": sum(not control.blocking for control in failed),
    }


def write_matrix(run: ControlRun, results: Mapping[str, ControlResult]) -> Path:
    """The risk-and-control matrix as a page and as CSV."""
    context = index_context(run, results)
    page = run.folder / "matrix.html"
    replace_text(page, environment().get_template("matrix.j2").render(context))
    table = pa.Table.from_pylist(
        [
            {name: getattr(control, name) for name in MATRIX_COLUMNS}
            | {"result": _word(results.get(control.id))}
            for control in context["controls"]
        ]
    )
    write_rows(run.folder / "risk_and_control_matrix.csv", table)
    return page


def _word(result: ControlResult | None) -> str:
    return "not run" if result is None else "pass" if result.passed else "fail"
