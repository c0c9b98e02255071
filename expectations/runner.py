"""Runs controls: frames in, Great Expectations over them, results and pages out.

The same function serves Dagster, the command line and the tests. A control that cannot be
evaluated fails and says why: a control that did not run has not passed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from expectations.frames import ControlError, evidence_hash, read_frames
from expectations.register import Control, select
from expectations.results import (
    SHOWN_ROWS,
    ControlResult,
    ControlRun,
    plain_rows,
    replace_text,
    save,
    write_matrix,
    write_rows,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    from expectations.suites import Verdict


def control_run(settings: Settings) -> ControlRun:
    """The run for this cut-off over this evidence; running it again lands in the same folder."""
    run_id = f"{settings.as_of:%Y-%m-%d}-{evidence_hash(settings.landing)[:12]}"
    return ControlRun(run_id, settings.as_of, settings.controls / run_id)


def run_controls(
    settings: Settings, stage: str | None = None, ids: Iterable[str] | None = None
) -> list[ControlResult]:
    """Run the controls of a stage, the named ones, or all. Errors: ControlError, RegisterError."""
    controls = select(stage, ids)
    run = control_run(settings)
    frames = read_frames(settings, controls)

    # Seconds to import: nobody pays who only reads the register or the results.
    from expectations.docs import build_site
    from expectations.suites import open_context, validate

    context = open_context(run.folder)
    results = []
    for control in controls:
        frame = frames[control.id]
        try:
            if isinstance(frame, ControlError):
                raise frame
            verdict = validate(context, control, frame, run.run_id, run.as_of)
        except ControlError as error:
            results.append(_not_evaluated(control, run, error))
        else:
            results.append(_result(control, run, frame, verdict))
    everything = save(run, results)
    write_matrix(run, everything)
    build_site(context, run, everything)
    current = {"run_id": run.run_id, "as_of": run.as_of.isoformat()}
    replace_text(settings.controls / "current.json", json.dumps(current) + "\n")
    return results


def _result(control: Control, run: ControlRun, frame: pa.Table, verdict: Verdict) -> ControlResult:
    failing = frame.take(list(verdict.failing)) if verdict.failing else frame.slice(0, 0)
    rows_file = f"rows/{control.id}.csv" if failing.num_rows else ""
    if rows_file:
        write_rows(run.folder / rows_file, failing)
    else:
        _forget_rows(control, run)
    if verdict.passed:
        observed = f"{_count(frame)} checked" if frame.num_rows else "nothing to find"
    elif failing.num_rows:
        observed = f"{failing.num_rows:,} of {_count(frame)} failing"
    else:
        observed = "; ".join(verdict.table_failures)
    return ControlResult(
        control_id=control.id,
        run_id=run.run_id,
        passed=verdict.passed,
        observed=observed,
        rows=frame.num_rows,
        failing_count=failing.num_rows,
        failing_rows=tuple(plain_rows(failing.slice(0, SHOWN_ROWS))),
        page=verdict.page,
        rows_file=rows_file,
        report=str(run.folder / verdict.page),
    )


def _not_evaluated(control: Control, run: ControlRun, error: ControlError) -> ControlResult:
    _forget_rows(control, run)
    return ControlResult(
        control_id=control.id,
        run_id=run.run_id,
        passed=False,
        observed=str(error),
        rows=0,
        failing_count=0,
        failing_rows=(),
        page="",
        rows_file="",
        report=str(run.folder / "index.html"),
    )


def _forget_rows(control: Control, run: ControlRun) -> None:
    (run.folder / "rows" / f"{control.id}.csv").unlink(missing_ok=True)


def _count(frame: pa.Table) -> str:
    return f"{frame.num_rows:,} row{'' if frame.num_rows == 1 else 's'}"
