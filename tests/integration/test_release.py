"""Nothing leaves the warehouse that was not built to its end, from this evidence, and controlled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.conftest import TIEOUT, home_environment

PUBLISH_ONLY = """
import dagster as dg
from orchestration import settings
from orchestration.instance import prepare
prepare(settings.load())
from orchestration.definitions import defs
books = next(checks for checks in defs.asset_checks if checks.op.name == "books_controls")
job = dg.define_asset_job(
    "control_and_publish",
    selection=dg.AssetSelection.assets(["published", "marts"]) | dg.AssetSelection.checks(books),
)
both = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))
with dg.DagsterInstance.get() as instance:
    result = both.resolve_job_def("control_and_publish").execute_in_process(
        instance=instance, raise_on_error=False
    )
for event in result.all_events:
    if event.event_type_value in {"STEP_SUCCESS", "STEP_FAILURE"}:
        print("OUTCOME", event.step_key, event.event_type_value)
"""


def verb(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TIEOUT, *words],
        env=home_environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def published(home: Path) -> str:
    return json.loads((home / "published" / "current.json").read_text())["version"]


def test_a_failed_blocking_books_control_stops_publishing(copied_home: Path):
    before = published(copied_home)
    with duckdb.connect(str(copied_home / "warehouse" / "tieout.duckdb")) as warehouse:
        warehouse.execute("update reconciliation.rec_chain set unexplained_minor = 1")
    done = subprocess.run(
        [sys.executable, "-c", PUBLISH_ONLY],
        env=home_environment(copied_home),
        capture_output=True,
        text=True,
        check=False,
    )
    steps = dict(
        line.split()[1:] for line in done.stdout.splitlines() if line.startswith("OUTCOME")
    )
    assert steps.get("books_controls") == "STEP_FAILURE", done.stdout[-2000:] + done.stderr[-2000:]
    assert "published__marts" not in steps
    by_hand = verb(copied_home, "publish")
    assert by_hand.returncode == 1
    assert "blocking controls failed: CTL-BK-06" in by_hand.stderr
    assert published(copied_home) == before


def test_the_command_line_publishes_only_what_was_built_and_controlled(copied_home: Path):
    note = copied_home / "warehouse" / "build.json"
    kept = note.read_text()
    assert verb(copied_home, "publish").returncode == 0

    note.unlink()
    refused = verb(copied_home, "publish")
    assert refused.returncode == 1 and "run `tieout build` first" in refused.stderr

    note.write_text(kept.replace('"as_of": "2026-07-01', '"as_of": "2026-06-01'))
    refused = verb(copied_home, "publish")
    assert refused.returncode == 1 and "other inputs (as_of)" in refused.stderr

    note.write_text(kept)
    for results in (copied_home / "controls").glob("*/results.json"):
        results.unlink()
    refused = verb(copied_home, "publish")
    assert refused.returncode == 1 and "run `tieout controls`" in refused.stderr


def test_a_second_company_in_one_home_is_refused_before_anything_lands(copied_home: Path):
    loads = sorted((copied_home / "landing").glob("*/*/*"))
    refused = verb(copied_home, "pull", TIEOUT_SEED="8")
    assert refused.returncode == 1
    assert "another sandbox company (its seed differ)" in refused.stderr
    assert "make clean" in refused.stderr
    assert sorted((copied_home / "landing").glob("*/*/*")) == loads
