"""Usage events dropped as one Parquet file (or more) a day: columns checked, rows never looped over.

DuckDB reads and rewrites the rows; this module says which files, from which columns, and what is wrong
with them. A day without events is a file with no rows: recorded, not skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from orchestration.landing import Input, Refusal
from orchestration.sources.drops import Arrival, day_in, end_of_day

_PRECISION, _SCALE = 18, 6


def _is_quantity(kind: pa.DataType) -> bool:
    return types.is_decimal(kind) and kind.scale <= _SCALE and kind.precision <= _PRECISION


def _is_text(kind: pa.DataType) -> bool:
    return types.is_string(kind) or types.is_large_string(kind)


COLUMNS: dict[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    "event_id": ("text", _is_text),
    "tenant_id": ("text", _is_text),
    "sku": ("text", _is_text),
    "quantity": (f"decimal({_PRECISION},{_SCALE})", _is_quantity),
    "unit": ("text", _is_text),
    "event_at": ("timestamp", types.is_timestamp),
    "ingested_at": ("timestamp", types.is_timestamp),
    "kind": ("text", _is_text),
    "revision": ("integer", types.is_integer),
    "region": ("text", _is_text),
}
_CASTS = {
    "quantity": f"decimal({_PRECISION}, {_SCALE})",
    "event_at": "timestamp",
    "ingested_at": "timestamp",
    "revision": "integer",
}
_REQUIRED = ("event_id", "tenant_id", "sku", "quantity", "event_at", "ingested_at", "revision")
_READABLE = " and ".join(
    [*(f"{name} is not null" for name in _REQUIRED), "kind in ('usage', 'correction')"]
)


@dataclass
class Delivery:
    """New files: how each was seen, queries for the rows that can be read, and the rest's reasons."""

    inputs: list[Input] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    drift: set[str] = field(default_factory=set)
    quantity: Decimal = Decimal(0)


@dataclass(frozen=True)
class _Readable:
    arrival: Arrival
    day: date


def deliver(arrivals: Iterable[tuple[Arrival, str | None]]) -> Delivery:
    """Inspect new files (each with the file it copies, if any). Nothing is written here."""
    delivery = Delivery()
    readable: list[_Readable] = []
    for arrival, copied in arrivals:
        try:
            rows = _inspect(arrival, delivery)
        except ValueError as error:
            _refuse(delivery, arrival, str(error))
            continue
        day = day_in(arrival.path.parent.name)
        if day is None:
            _refuse(delivery, arrival, f"folder {arrival.path.parent.name!r} is not a day")
        elif rows == 0:
            # Empty files are alike byte for byte: one is no copy of another.
            delivery.inputs.append(_input(arrival, 0, "read"))
        elif copied:
            entry = _input(arrival, rows, "duplicate", "FILE_DUPLICATED", f"the same as {copied}")
            delivery.inputs.append(entry)
        else:
            readable.append(_Readable(arrival, day))
    if readable:
        _read(readable, delivery)
    return delivery


def _inspect(arrival: Arrival, delivery: Delivery) -> int:
    """The file's row count, from its footer. Errors: ValueError naming the column."""
    try:
        with pq.ParquetFile(arrival.path) as parquet:
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"the file is not whole Parquet ({error})") from error
    for name, (kind, fits) in COLUMNS.items():
        if name not in schema.names:
            raise ValueError(f"column {name} is missing")
        found = schema.field(name).type
        if not fits(found):
            raise ValueError(f"column {name} is {found}, not {kind}")
    delivery.drift |= set(schema.names) - COLUMNS.keys()
    return int(rows)


def _refuse(delivery: Delivery, arrival: Arrival, problem: str) -> None:
    reason = f"{arrival.file}: {problem}"
    code = "FILE_TRUNCATED" if "not whole Parquet" in problem else "RECORD_QUARANTINED"
    delivery.refusals.append(Refusal(code, reason, file=arrival.file))
    delivery.inputs.append(_input(arrival, 0, "quarantined", code, reason))


def _input(
    arrival: Arrival,
    rows: int,
    status: str,
    reason_code: str | None = None,
    reason: str | None = None,
    days: tuple[date | None, date | None] = (None, None),
) -> Input:
    return Input(
        arrival.file,
        arrival.sha256,
        arrival.size_bytes,
        rows,
        status,
        *days,
        reason_code=reason_code,
        reason=reason,
    )


def _read(readable: list[_Readable], delivery: Delivery) -> None:
    by_path = {str(one.arrival.path): one for one in readable}
    with duckdb.connect() as connection:
        connection.execute("set threads = 2; set memory_limit = '1GB'; set timezone = 'UTC'")
        facts = _facts(connection, by_path, delivery)
        spoilt = [path for path, _, _, _, bad, *_ in facts if bad]
        if spoilt:
            delivery.refusals += _bad_rows(connection, spoilt, by_path)
    months: dict[str, list[_Readable]] = {}
    for path, rows, first, last, _, quantity, *_ in facts:
        one = by_path[path]
        delivery.inputs.append(_input(one.arrival, rows, "read", days=(first, last)))
        delivery.quantity += quantity
        months.setdefault(f"{one.day:%Y-%m}", []).append(one)
    delivery.parts = {month: _select(files) for month, files in sorted(months.items())}


def _facts(
    connection: duckdb.DuckDBPyConnection, by_path: dict[str, _Readable], delivery: Delivery
) -> list[tuple[Any, ...]]:
    """One row a file, from a query that decodes every column; damaged files are refused."""
    asked = (
        "select filename, count(*), min(event_at)::date, max(event_at)::date,"
        f" count(*) filter (({_READABLE}) is not true), coalesce(sum(quantity), 0),"
        " count(unit), count(region)"
        " from read_parquet({}, filename = true, union_by_name = true)"
        " group by filename order by filename"
    )
    try:
        return connection.execute(asked.format(_listed(by_path))).fetchall()
    except duckdb.Error:
        facts: list[tuple[Any, ...]] = []
        for path, one in by_path.items():
            try:
                facts += connection.execute(asked.format(_listed([path]))).fetchall()
            except duckdb.Error as error:
                said = str(error).splitlines()[0]
                _refuse(delivery, one.arrival, f"the file is not whole Parquet ({said})")
        return facts


def _select(files: list[_Readable]) -> str:
    """The readable rows of some files, typed as they rest, each with its file and version."""
    named = ", ".join(
        f"({_quoted(str(one.arrival.path))}, {_quoted(one.arrival.file)},"
        f" timestamp '{end_of_day(one.day)}')"
        for one in files
    )
    columns = ", ".join(
        f"cast(events.{name} as {_CASTS[name]}) as {name}" if name in _CASTS else f"events.{name}"
        for name in COLUMNS
    )
    return (
        f"select {columns}, files.file as _file, files.version_at as _version_at"
        f" from read_parquet({_listed(str(one.arrival.path) for one in files)},"
        " filename = true, union_by_name = true) as events"
        f" inner join (values {named}) as files (path, file, version_at)"
        f" on events.filename = files.path where {_READABLE}"
    )


def _bad_rows(
    connection: duckdb.DuckDBPyConnection, paths: list[str], by_path: dict[str, _Readable]
) -> list[Refusal]:
    columns = ", ".join(COLUMNS)
    found = connection.execute(
        f"select filename, event_id, file_row_number, to_json(struct_pack({columns}))::varchar"
        f" from read_parquet({_listed(paths)}, filename = true, union_by_name = true,"
        f" file_row_number = true) where ({_READABLE}) is not true"
        " order by filename, file_row_number"
    ).fetchall()
    refusals = []
    for path, event_id, number, payload in found:
        one = by_path[path]
        refusals.append(
            Refusal(
                "RECORD_QUARANTINED",
                f"{one.arrival.file}, row {number + 1}: a required column is null or kind is"
                " neither usage nor correction",
                id=event_id or f"{one.arrival.file}:{number + 1}",
                file=one.arrival.file,
                version_at=end_of_day(one.day),
                payload=payload,
            )
        )
    return refusals


def _listed(paths: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(path) for path in paths) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
