"""The columns of a line, in one place: what identifies it, what describes it, what it is worth.

Belongs here: the schema of a posted line, the reading of a computed relation and of posted files as
one shape. A new column is added to ``COLUMNS`` and nowhere else. Does not belong: the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Column:
    """A column of a computed line. ``identity`` columns say which line it is."""

    name: str
    type: str
    identity: bool = False
    required: bool = False


# Two lines that agree in every identity column are the same line: their amounts add up, and a
# change of one of these columns reverses the old line and posts the new one. Descriptions may
# change without a posting. Missing optional columns read as null, so older relations still post.
COLUMNS = (
    Column("entry_key", "varchar", identity=True, required=True),
    Column("entry_type", "varchar", identity=True, required=True),
    Column("entity_id", "varchar", identity=True, required=True),
    Column("period", "date", identity=True, required=True),
    Column("currency", "varchar", identity=True, required=True),
    Column("account_code", "varchar", identity=True, required=True),
    Column("stream", "varchar", identity=True),
    Column("contract_id", "varchar", identity=True),
    Column("obligation_id", "varchar", identity=True),
    Column("customer_id", "varchar", identity=True),
    Column("invoice_id", "varchar", identity=True),
    Column("rule", "varchar", required=True),
    Column("entry_date", "date"),
    Column("evidence_ref", "varchar"),
    Column("functional_currency", "varchar"),
)
IDENTITY = tuple(column.name for column in COLUMNS if column.identity)
DESCRIPTION = tuple(column.name for column in COLUMNS if not column.identity)
# Signed, debit positive. The functional amount is null where the relation has no functional books.
AMOUNTS = ("amount_minor", "functional_minor")

# The order of lines at rest. Total: rows that tie in all of it are identical, so bytes are decided.
# Nulls are placed explicitly because the default differs between engines and settings.
ORDER = ("period", "entity_id", "entry_key", "account_code")
TOTAL_ORDER = ", ".join(
    f"{name} asc nulls first"
    for name in dict.fromkeys((*ORDER, *IDENTITY, *DESCRIPTION, "cause", *AMOUNTS))
)
# Its beginning, up to the currency: the same order where an entry has one line an account and currency.
SHORT_ORDER = ", ".join(TOTAL_ORDER.split(", ")[: len(ORDER) + 2])

POSTED_COLUMNS = (
    ("batch_id", "varchar"),
    ("posting_period", "date"),
    ("cause", "varchar"),
    *((column.name, column.type) for column in COLUMNS),
    ("debit_minor", "bigint"),
    ("credit_minor", "bigint"),
    ("amount_minor", "bigint"),
    ("functional_minor", "bigint"),
    ("posting_key", "varchar"),
)


class RelationError(ValueError):
    """The computed relation lacks a column; the message names it."""


def quoted(text: str) -> str:
    """A string as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _names(con: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    return {row[0] for row in con.execute(f"describe select * from {relation}").fetchall()}


def computed_select(con: duckdb.DuckDBPyConnection, relation: str, through: str) -> str:
    """Select a computed relation in the shape of a line, up to an economic period (SQL text).

    Errors: RelationError naming the missing columns.
    """
    present = _names(con, relation)
    needed = {column.name for column in COLUMNS if column.required}
    missing = sorted((needed | {"debit_minor", "credit_minor"}) - present)
    if missing:
        raise RelationError(
            f"{relation} has no column {', '.join(missing)}: a line cannot be posted without it"
        )
    columns = [
        f"{column.name}::{column.type} as {column.name}"
        if column.name in present
        else f"null::{column.type} as {column.name}"
        for column in COLUMNS
    ]
    amounts = ["(debit_minor - credit_minor)::bigint as amount_minor"]
    if "functional_minor" in present:
        amounts.append("functional_minor::bigint as functional_minor")
    else:
        amounts.append("null::bigint as functional_minor")
    return f"select {', '.join([*columns, *amounts])} from {relation} where period <= {through}"


def files_relation(files: Iterable[Path]) -> str:
    """Posted files as a relation (SQL text); with no file, an empty one of the same columns."""
    listed = ", ".join(quoted(str(file)) for file in files)
    if listed:
        return f"read_parquet([{listed}])"
    columns = ", ".join(f"null::{type_} as {name}" for name, type_ in POSTED_COLUMNS)
    return f"(select {columns} limit 0)"


def posted_select(files: Iterable[Path], where: str = "true") -> str:
    """Select posted lines in the shape of a computed line (SQL text)."""
    names = ", ".join((*(column.name for column in COLUMNS), *AMOUNTS))
    return f"select {names} from {files_relation(files)} where {where}"
