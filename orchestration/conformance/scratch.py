"""A scratch home in which the production models run on the evidence of cases, and on nothing else.

The dbt project there is the repository's own, by links; only its policy seeds are other files: the
repository's rows with the cases' rows after them.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration import books, dbt
from orchestration.conformance.agreements import Agreements
from orchestration.conformance.billing import Billing
from orchestration.conformance.flows import Flows
from orchestration.conformance.processor import Processor
from orchestration.conformance.reading import CaseError, Suite
from orchestration.conformance.records import Evidence
from orchestration.landing import build_raw
from orchestration.settings import DBT_PROJECT, Settings

SEEDS = "seeds"


def compile_suite(suite: Suite) -> Evidence:
    """The evidence of every case. Errors: CaseError where two cases contradict each other."""
    evidence = Evidence()
    rates: dict[tuple[date, str, str], tuple[Decimal, str]] = {}
    for case in suite.cases:
        for rate in case.rates:
            key = (rate.on, rate.base, rate.quote)
            known, owner = rates.setdefault(key, (rate.rate, case.id))
            if known != rate.rate:
                raise CaseError(
                    f"{suite.folder}: cases {owner} and {case.id} give different rates for"
                    f" {rate.base} in {rate.quote} on {rate.on}; use another day in one of them"
                )
        Agreements(case, evidence).write()
        Billing(case, evidence).write()
        Processor(case, evidence).write()
        Flows(case, evidence).write()
    return evidence


def build(evidence: Evidence, settings: Settings) -> None:
    """Land the evidence and run the production models on it. Errors: DbtError."""
    evidence.land(settings.landing)
    build_raw(settings.warehouse, settings.landing, books.relations(settings.books))
    project = settings.home / "project"
    link_project(project, evidence.policy)
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--exclude-resource-type",
        "unit_test",
        "--exclude-resource-type",
        "test",
        "--project-dir",
        str(project),
        "--target-path",
        str(settings.dbt_target),
        *dbt.variables(settings),
    ]
    done = subprocess.run(
        command,
        env=os.environ | dbt.environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        raise dbt.DbtError(f"the models failed on the cases (exit {done.returncode}):\n{tail}")


def link_project(project: Path, policy: dict[str, list[dict[str, Any]]]) -> None:
    """The repository's dbt project by links, its seeds with the cases' policy rows added."""
    project.mkdir(parents=True)
    for entry in DBT_PROJECT.iterdir():
        if entry.name != SEEDS and not entry.name.startswith("."):
            (project / entry.name).symlink_to(entry)
    (project / SEEDS).mkdir()
    for entry in (DBT_PROJECT / SEEDS).iterdir():
        if entry.suffix != ".csv":
            (project / SEEDS / entry.name).symlink_to(entry)
    names = {entry.stem for entry in (DBT_PROJECT / SEEDS).glob("*.csv")}
    for name in sorted({*names, *policy}):
        _write_seed(project / SEEDS / f"{name}.csv", policy.get(name, []))


def _write_seed(path: Path, added: list[dict[str, Any]]) -> None:
    original = DBT_PROJECT / SEEDS / path.name
    rows: list[dict[str, Any]] = []
    columns: list[str] = []
    if original.exists():
        with original.open(newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            rows = list(reader)
    for row in added:
        columns += [name for name in row if name not in columns]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + [{k: _cell(v) for k, v in row.items()} for row in added])


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else value
