"""A failed blocking control stops what stands behind it, in Dagster, with real evidence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from tests.conftest import home_environment

JOB = """
import sys
import dagster as dg
from orchestration import settings
from orchestration.instance import prepare
prepare(settings.load())
from orchestration.definitions import defs
job = defs.resolve_job_def(sys.argv[1])
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(instance=instance, raise_on_error=False)
kinds = {}
for event in result.all_events:
    if event.step_key and event.event_type_value in {
        "STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"
    }:
        kinds[event.step_key] = event.event_type_value
for step, kind in sorted(kinds.items()):
    print("OUTCOME", step, kind)
"""


def outcomes(home: Path, job: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", JOB, job],
        env=home_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("OUTCOME")]
    assert lines, done.stdout[-3000:] + done.stderr[-3000:]
    return {step: kind for _, step, kind in lines}


def a_landed_part(home: Path) -> Path:
    return sorted((home / "landing" / "stripe" / "invoice").glob("*/part-*.parquet"))[0]


def test_evidence_that_was_altered_after_landing_stops_dbt(copied_home: Path):
    part = a_landed_part(copied_home)
    # One row less than the manifest says: what a lost or edited file looks like.
    shorter = part.with_suffix(".tmp")
    duckdb.execute(
        "copy (select * from read_parquet(?) limit (select count(*) - 1 from read_parquet(?))) "
        f"to '{shorter}' (format parquet)",
        [str(part), str(part)],
    )
    shorter.replace(part)
    steps = outcomes(copied_home, "crm_to_cash")
    assert steps["landing_controls"] == "STEP_FAILURE"
    assert "dbt_build" not in steps, "dbt ran on evidence that a blocking control refused"
    assert "published__marts" not in steps


def test_untouched_evidence_lets_dbt_and_publishing_run(copied_home: Path):
    steps = outcomes(copied_home, "rebuild_books")
    assert steps["landing_controls"] == "STEP_SUCCESS"
    assert steps["dbt_build"] == "STEP_SUCCESS"
    assert steps["published__marts"] == "STEP_SUCCESS"
