"""A recast: all history computed under another version of the policies, and the bridge to what was reported.

Belongs here: the order of the steps, the scratch warehouse they run in, and the proof that nothing is left
unexplained. Posts nothing: the books are read and never written. What a figure means is in the dbt models.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from orchestration import books, dbt
from orchestration.closing import SEEDS
from orchestration.landing import build_raw
from orchestration.reports.recast_figures import RecastFigures, recast_figures
from orchestration.reports.recast_page import write_recast_report
from orchestration.settings import Settings

# The dimensions of a policy version in the order in which they are applied, and what each one changes first.
# The order is part of the answer: what two dimensions do together belongs to the later one.
DIMENSIONS = (
    ("pattern", "product_policies_in_force"),
    ("standalone selling price", "selling_prices_in_force"),
    ("product mapping", "product_policies_in_force"),
    ("entity of record", "record_entities"),
)
REPORTED = "reported"
# Everything a step can change, and the record of the step.
LEDGER = "+recast_steps"
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
STATEMENTS = (
    "+trial_balance_as_reported",
    "+stg_erp__trial_balances",
    "+stg_erp__journal_lines",
)


class RecastError(RuntimeError):
    """The recast is refused, or its bridge does not explain everything; the message says what."""


@dataclass(frozen=True)
class Recast:
    """A finished recast: where its figures are and what they were made from."""

    policy_id: str
    policy_name: str
    description: str
    as_of: datetime
    # The month at whose end the books went live: the ERP reported up to it. None: it always did.
    go_live: date | None
    warehouse: Path
    batches: int


def policies(seeds: Path = SEEDS) -> dict[str, dict[str, str]]:
    """The versions of the policies that the seeds name."""
    with (seeds / "policies.csv").open(newline="") as file:
        return {row["policy_id"]: row for row in csv.DictReader(file)}


def recast(settings: Settings, policy_id: str, as_of: datetime | None = None) -> Recast:
    """Compute all history under a policy version and bridge it to what was reported. Posts nothing.

    ``as_of`` defaults to the cut-off of the last close, so that evidence is what the books knew.
    Errors: RecastError, DbtError with the wrong rows of a policy version.
    """
    known = policies()
    if policy_id not in known:
        raise RecastError(
            f"no policy is called {policy_id}: policies.csv names {', '.join(sorted(known))}"
        )
    sealed = [batch for batch in books.batches(settings.books) if batch.kind != "reopen"]
    if as_of is None and sealed:
        as_of = max(datetime.fromisoformat(batch.manifest["cut_off"]) for batch in sealed)
    at = scratch(settings, as_of or settings.as_of)
    at.home.mkdir(parents=True, exist_ok=True)
    finished = settings.home / "recast" / policy_id / at.warehouse.name
    try:
        with FileLock(at.home / ".lock", timeout=0):
            _compute(settings, at, policy_id)
            _prove(at.warehouse)
            finished.parent.mkdir(parents=True, exist_ok=True)
            os.replace(at.warehouse, finished)
    except Timeout as error:
        raise RecastError("another recast runs: wait for it to end") from error
    policy = known[policy_id]
    return Recast(
        policy_id,
        policy["policy_name"],
        policy["description"],
        at.as_of,
        sealed[0].period if sealed else None,
        finished,
        len(sealed),
    )


def scratch(settings: Settings, as_of: datetime) -> Settings:
    """Where a recast makes its warehouse, until it is proven. Landing and books stay where they are.

    One place for every policy: dbt parses the project again when the path of its warehouse changes.
    """
    return replace(settings, home=settings.home / "recast" / "scratch", as_of=as_of)


def _compute(settings: Settings, at: Settings, policy_id: str) -> None:
    shutil.rmtree(at.warehouse.parent, ignore_errors=True)
    build_raw(at.warehouse, settings.landing, books.relations(settings.books))
    dbt.run_steps(at, steps(policy_id), {"recast_step": 0})


def steps(policy_id: str) -> list[dbt.Step]:
    """The dbt commands of a recast: as reported, one dimension after the other, the bridge."""
    reported = {"policy": REPORTED, "recast_step": 0}
    found = [
        dbt.Step(
            ("build", "--select", "+policy_version_problems", "resource_type:seed", *NO_TESTS),
            reported,
        ),
        dbt.Step(("run-operation", "refuse_wrong_policies"), reported),
        dbt.Step(("run", "--select", LEDGER, *STATEMENTS), reported),
    ]
    for number, (_, changed) in enumerate(DIMENSIONS, start=1):
        applied = [name for name, _ in DIMENSIONS[:number]]
        found.append(
            dbt.Step(
                ("run", "--select", "policies_in_force", f"{changed}+,{LEDGER}"),
                {"policy": policy_id, "policy_dimensions": applied, "recast_step": number},
            )
        )
    last = {"policy": policy_id, "recast_step": len(DIMENSIONS)}
    bridge = ("run", "--select", "recast_as_reported+", "recast_policy_changes+")
    return [*found, dbt.Step(bridge, last)]


def rows(warehouse: Path, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
    """Rows of a finished recast, by column name."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(sql, list(values))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def report(settings: Settings, done: Recast) -> tuple[RecastFigures, list[Path]]:
    """Figures of a finished recast, and the page, workbook and flat files made of them."""
    figures = recast_figures(
        done.warehouse,
        done.policy_id,
        done.policy_name,
        done.description,
        done.as_of,
        f"{done.go_live:%B %Y}" if done.go_live else "the cut-off",
    )
    folder = settings.reports / "recast" / done.policy_id
    return figures, write_recast_report(figures, done.warehouse, folder)


def _prove(warehouse: Path) -> None:
    """Errors: RecastError with the first amounts that nothing explains."""
    found = rows(warehouse, "select * from ledger.recast_unexplained order by all")
    if found:
        shown = "; ".join(
            f"{row['what']} {row['entity_id']} {row['currency']} {row['account_code']} "
            f"{row['period']:%Y-%m}: {row['unexplained_minor']:,}"
            for row in found[:10]
        )
        raise RecastError(f"{len(found)} amounts are unexplained: {shown}")
