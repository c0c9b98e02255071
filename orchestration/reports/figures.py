"""The figures of the summary: read from the published marts, grouped for a page, never recomputed.

Amounts of different currencies are never added. Money stays in minor units until it is printed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from orchestration.publish import DATABASE
from orchestration.settings import DBT_PROJECT, Settings

Row = dict[str, Any]

HANDOFFS = {
    "orders_to_billing": "Orders to billing",
    "usage_to_invoices": "Usage to invoices",
    "invoices_to_cash": "Invoices to cash",
    "payouts_to_bank": "Payouts to bank",
    "ledger_to_gl": "Ledger to general ledger",
    "evidence": "Evidence held back",
}
BUCKETS = {
    "not_due": "not due",
    "days_1_30": "1–30 days",
    "days_31_60": "31–60",
    "days_61_90": "61–90",
    "days_91_120": "91–120",
    "over_120": "over 120",
}
ROLLFORWARD = (
    "opening",
    "billed",
    "voided",
    "credited",
    "disputes_lost",
    "losses",
    "recognised",
    "interest",
    "unbilled_reclass",
    "closing",
)


class ReportError(RuntimeError):
    """A report cannot be made; the message says what is missing and what to run."""


@dataclass(frozen=True)
class Cell:
    """Revenue of one currency by the month it was booked and the month it is recognised."""

    currency: str
    booked: date
    recognised: date
    is_actual: bool
    amount_minor: int


@contextmanager
def marts(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published marts, read only. Errors: ReportError before anything is published."""
    database = settings.published / DATABASE
    if not database.exists():
        raise ReportError(f"{database} does not exist: run `tieout publish` first")
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def exponents() -> dict[str, int]:
    """Decimal places by currency, from policy."""
    with (DBT_PROJECT / "seeds" / "currencies.csv").open(encoding="utf-8", newline="") as file:
        return {row["currency"]: int(row["exponent"]) for row in csv.DictReader(file)}


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    found = connection.execute(sql)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def handoffs(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[Row]]]:
    """Title of each handoff and its rows by entity and currency, in the order of the chain."""
    found = rows(
        connection, "select * from marts.rpt_reconciliation_summary order by entity_id, currency"
    )
    return [
        (title, [row for row in found if row["handoff"] == name])
        for name, title in HANDOFFS.items()
        if any(row["handoff"] == name for row in found)
    ]


def waterfall(connection: duckdb.DuckDBPyConnection) -> list[Cell]:
    """The waterfall over all streams and entities, by currency."""
    found = connection.execute(
        "select currency, booked_period, recognised_period, is_actual, "
        "cast(sum(amount_minor) as bigint) "
        "from marts.rpt_revenue_waterfall group by all order by all"
    ).fetchall()
    return [Cell(*row) for row in found]


def ageing(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Open receivables by entity and currency, a column a bucket, and their total."""
    sums = ", ".join(
        f"cast(coalesce(sum(open_minor) filter (bucket = '{bucket}'), 0) as bigint) as {bucket}"
        for bucket in BUCKETS
    )
    return rows(
        connection,
        f"select entity_id, currency, {sums}, cast(sum(open_minor) as bigint) as total_minor, "
        "count(distinct customer_id) as customers "
        "from marts.rpt_ar_ageing group by all order by all",
    )


def deferred(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, list[Row]]]:
    """Deferred revenue by entity and currency: its months, oldest first."""
    found = rows(
        connection,
        "select * from marts.rpt_deferred_revenue_rollforward order by entity_id, currency, period",
    )
    books: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        books.setdefault((row["entity_id"], row["currency"]), []).append(row)
    return [(entity, currency, months) for (entity, currency), months in books.items()]


def whole_history(months: list[Row]) -> Row:
    """A rollforward over all months: first opening, sums of the movements, last closing."""
    total: Row = {f"{name}_minor": sum(m[f"{name}_minor"] for m in months) for name in ROLLFORWARD}
    total["opening_minor"] = months[0]["opening_minor"]
    total["closing_minor"] = months[-1]["closing_minor"]
    total["unbilled_closing_minor"] = months[-1]["unbilled_closing_minor"]
    return total


def exceptions(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Exceptions by reason: how many, how much by currency, how old, whose, and what to do."""
    found = rows(
        connection,
        """
        select
            handoff, reason_code, is_defect, severity, owner_role, reason,
            suggested_action, currency,
            count(*) as exception_count,
            cast(sum(abs(difference_minor)) as bigint) as amount_minor,
            max(age_days) as oldest_days
        from marts.rpt_exceptions
        group by all
        order by all
        """,
    )
    by_reason: dict[tuple[str, str], Row] = {}
    for row in found:
        key = (row["handoff"], row["reason_code"])
        one = by_reason.setdefault(key, {**row, "exception_count": 0, "amounts": []})
        one["exception_count"] += row["exception_count"]
        one["oldest_days"] = max(one["oldest_days"] or 0, row["oldest_days"] or 0)
        if row["currency"] and row["amount_minor"]:
            one["amounts"].append((row["currency"], row["amount_minor"]))
    place = {name: position for position, name in enumerate(HANDOFFS)}
    return sorted(
        by_reason.values(),
        key=lambda row: (
            not row["is_defect"],
            place.get(row["handoff"], len(place)),
            row["reason_code"],
        ),
    )


HOPS = ("ordered", "contracted", "rated", "invoiced", "owed", "applied", "deposited", "posted")


def chain(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The chain from order to ledger, summed by entity and currency."""
    sums = ", ".join(f"cast(sum({hop}_minor) as bigint) as {hop}_minor" for hop in HOPS)
    return rows(
        connection,
        f"select entity_id, currency, {sums}, "
        "cast(sum(abs(unexplained_minor)) as bigint) as unexplained_minor "
        "from marts.rpt_crm_to_cash group by all order by all",
    )
