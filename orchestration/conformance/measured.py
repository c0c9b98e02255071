"""What the models say, read from the warehouse once and looked up by case: the other side of each figure.

Only relations of the production project are read. One that is not there, or lacks a column, is a gap that the
comparison reports; it is never taken for zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

Key = tuple[Any, ...]

# Name of a reading → relation, key columns, value columns. Amounts are summed over equal keys.
READINGS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "allocations": ("pricing.price_allocations", ("obligation_id",), ("allocated_minor",)),
    "prices": (
        "pricing.contract_prices",
        ("contract_id", "measured_to"),
        ("total_minor", "fixed_minor", "variable_minor"),
    ),
    "revenue": (
        "revenue.revenue_schedule",
        ("obligation_id", "contract_id", "entity_id", "period"),
        ("recognised_minor", "net_revenue_minor"),
    ),
    "catch_up": (
        "revenue.revenue_schedule",
        ("obligation_id", "contract_id", "entity_id", "period"),
        ("catch_up_minor",),
    ),
    "remaining": (
        "revenue.revenue_schedule",
        ("obligation_id", "contract_id", "entity_id", "measured_to"),
        ("remaining_minor",),
    ),
    "entries": (
        "ledger.ledger_entry_lines",
        ("entity_id", "contract_id", "currency", "account_code", "period"),
        ("amount_minor",),
    ),
    "functional_entries": (
        "ledger.ledger_entry_lines",
        ("entity_id", "contract_id", "functional_currency", "account_code", "period"),
        ("functional_minor",),
    ),
    "waterfall": (
        "revenue.revenue_waterfall",
        ("entity_id", "booked_period", "recognised_period"),
        ("amount_minor",),
    ),
    "pools": ("usage.drawdown_pools", ("pool_id",), ("amount_minor",)),
    "drawn": ("usage.pool_drawdowns", ("pool_id", "usage_date"), ("drawn_minor",)),
    "plan": ("contracts.billing_plan", ("obligation_id", "period"), ("planned_minor",)),
    "true_ups": ("usage.true_ups", ("obligation_id", "period"), ("true_up_minor",)),
    "usage_charges": (
        "usage.usage_charges",
        ("obligation_id", "period"),
        ("expected_invoice_minor",),
    ),
    "rated": ("usage.rated_usage_daily", ("obligation_id", "usage_date"), ("rated_minor",)),
    "financing": (
        "pricing.financing_components",
        ("obligation_id", "period"),
        ("interest_minor",),
    ),
    "remaining_obligations": (
        "revenue.remaining_obligations",
        ("contract_id", "entity_id", "period"),
        ("remaining_minor",),
    ),
}


class GapError(LookupError):
    """The models have no relation or column for a figure; the message names it."""


class Measured:
    """The finished warehouse of one run."""

    def __init__(self, warehouse: Path) -> None:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            self._columns = _columns(connection)
            self._found = {
                name: _read(connection, *reading)
                for name, reading in READINGS.items()
                if not self._gap(*reading)
            }
            self.methods: dict[str, str] = dict(
                connection.execute(
                    "select order_id, modification_method from contracts.contract_versions"
                ).fetchall()
            )
            self.exceptions = _exceptions(connection)
            self.holds: dict[str, str | None] = dict(
                connection.execute(
                    "select contract_id, hold_reason from marts.dim_contracts"
                ).fetchall()
            )
            self.accounts = connection.execute(
                "select account_code, account_type, normal_side from policy.accounts"
            ).fetchall()

    def _gap(self, relation: str, keys: Key, values: Key) -> str | None:
        have = self._columns.get(relation)
        if have is None:
            return f"no relation {relation}"
        missing = [name for name in (*keys, *values) if name not in have]
        return f"{relation} has no column {', '.join(missing)}" if missing else None

    def rows(self, name: str) -> list[tuple[Key, Key]]:
        """Keys and values of a reading. Errors: GapError when the models do not have it."""
        if name not in self._found:
            raise GapError(self._gap(*READINGS[name]))
        return self._found[name]

    def total(self, name: str, wanted: Mapping[str, Any], value: int = 0) -> int:
        """The sum of one value over the rows whose keys fit; a callable is a condition on its key."""
        _, keys, _ = READINGS[name]
        positions = [(keys.index(key), want) for key, want in wanted.items() if want is not None]
        return sum(
            values[value]
            for found, values in self.rows(name)
            if all(_fits(found[position], want) for position, want in positions)
        )


def _fits(found: Any, want: Any) -> bool:
    return bool(want(found)) if callable(want) else found == want


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for schema, table, column in connection.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
    ).fetchall():
        found[f"{schema}.{table}"].add(column)
    return found


def _read(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    keys: tuple[str, ...],
    values: tuple[str, ...],
) -> list[tuple[Key, Key]]:
    sums = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in values)
    rows = connection.execute(
        f"select {', '.join(keys)}, {sums} from {relation} group by {', '.join(keys)}"
    ).fetchall()
    width = len(keys)
    return [(row[:width], tuple(value or 0 for value in row[width:])) for row in rows]


def _exceptions(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], tuple[int, tuple[str, ...]]]:
    """By reason code and reference: the amount of the exceptions that carry both, and what they say."""
    found: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = {}
    for code, amount, detail, *references in connection.execute(
        "select reason_code, difference_minor, detail, left_ref, right_ref,"
        " 'salesforce:contract:' || contract_id"
        " from reconciliation.rec_exceptions order by rec_id"
    ).fetchall():
        for reference in {reference for reference in references if reference}:
            total, said = found.get((code, reference), (0, ()))
            found[code, reference] = (total + amount, (*said, detail))
    return found
