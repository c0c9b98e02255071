"""The smallest books that tie, by hand: one contract of 1,000.00 in a warehouse of the real tables.

January: the order of 1,000.00 (700 seats + 300 onboarding stated, 600 + 400 allocated) is invoiced;
600.00 is recognised (200 seats + 400 onboarding) and 600.00 paid by card, so 400.00 stays deferred
and 400.00 stays receivable. February will recognise the other 400.00. Nothing is unexplained.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from jinja2 import Template

from orchestration import settings as config
from orchestration.settings import Settings

SCHEMAS = (
    "ledger", "receivables", "pricing", "revenue", "reconciliation", "marts", "policy", "staging",
    "cash", "billing",
)  # fmt: skip

TABLES = Path(__file__).with_name("small_books.sql")
SUMMARY = (
    Path(__file__).resolve().parents[2]
    / "dbt_project" / "models" / "reconciliation" / "rec_summary.sql"
)  # fmt: skip
PLANT = Path(__file__).with_name("planted_exception.sql")


def settings_at(home: Path) -> Settings:
    """Settings of a home of its own, with the cut-off at the end of January 2026."""
    plain = config.load({"TIEOUT_HOME": str(home)})
    return replace(plain, as_of=datetime(2026, 2, 1, tzinfo=UTC))


def write_books(settings: Settings) -> None:
    """The small books as a warehouse."""
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    settings.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
        connection.execute(TABLES.read_text(encoding="utf-8"))


def change(settings: Settings, sql: str, parameters: list[object] | None = None) -> None:
    """Plant a fault in the warehouse."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(sql, parameters or [])


def plant_exception(settings: Settings, handoff: str, reason_code: str) -> None:
    """One exception of high severity, 180 days old, over 15,000.00."""
    change(settings, PLANT.read_text(encoding="utf-8"), [handoff, reason_code])


def sum_up_again(settings: Settings) -> None:
    """The summary of handoffs as its own model computes it from the rows that are there now."""
    sql = Template(SUMMARY.read_text(encoding="utf-8"))
    rows = sql.render(ref=lambda name: f"reconciliation.{name}")
    change(settings, f"create or replace table reconciliation.rec_summary as {rows}")
