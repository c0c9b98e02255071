"""Staging one load: rows stream into a Parquet file in row groups, so memory stays bounded.

``JsonStage`` then keeps only versions that differ from the version before them; ``TypedStage`` keeps
every row, because its files are known by content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.catalogue import ENVELOPE

ROWS_A_GROUP = 5000
BYTES_A_GROUP = 8_000_000

_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(18,6)": pa.decimal128(18, 6),
    "DECIMAL(18,8)": pa.decimal128(18, 8),
}
_STAGED = pa.schema(
    [
        ("_id", pa.string()),
        ("_version_at", pa.timestamp("us")),
        ("_deleted", pa.bool_()),
        ("payload", pa.string()),
        ("_hash", pa.int64()),
    ]
)


def literal(value: object) -> str:
    """A SQL text literal, or null."""
    if value is None:
        return "null"
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    return "'" + text.replace("'", "''") + "'"


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The Arrow schema of columns given by their DuckDB types."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])


def write_rows(path: Path, rows: list[dict[str, Any]], columns: Mapping[str, str]) -> None:
    """Write a few rows as one Parquet file."""
    pq.write_table(pa.Table.from_pylist(rows, arrow_schema(columns)), path, compression="zstd")


class JsonStage:
    """API records under way, each with the hash that tells its state from the next."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "staged.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._buffer: tuple[list[Any], ...] = ([], [], [], [], [])
        self._bytes = 0
        self.rows = 0

    def add(self, id: str, version_at: datetime, deleted: bool, payload: str) -> None:
        content = payload.encode()
        state = hashlib.blake2b(content, digest_size=8, salt=b"deleted" if deleted else b"")
        values = (id, version_at, deleted, content, int.from_bytes(state.digest(), signed=True))
        for column, value in zip(self._buffer, values, strict=True):
            column.append(value)
        self.rows += 1
        self._bytes += len(content)
        if len(self._buffer[0]) >= ROWS_A_GROUP or self._bytes >= BYTES_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._buffer[0]:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, _STAGED, compression="lz4")
        arrays = [
            pa.array(values, pa.binary()).cast(field.type)
            if field.name == "payload"
            else pa.array(values, field.type)
            for values, field in zip(self._buffer, _STAGED, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=_STAGED))
        self._buffer = ([], [], [], [], [])
        self._bytes = 0

    def close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def select_new(self, cursor: duckdb.DuckDBPyConnection, known: list[str], index: Path) -> int:
        """Decide which staged rows say something new, write them to the index, count them.

        A version is new when its state differs from the version before it, landed or staged. So a
        repeated page, an overlap, a snapshot that changed nothing all fall away, and the state as
        of any instant stays what the source said.
        """
        if not self.rows:
            return 0
        landed = ""
        if known:
            landed = (
                " union all select _id, _version_at, _hash, -1 as _row"
                f" from read_parquet([{', '.join(literal(path) for path in known)}])"
                f" semi join (select _id from {self._staged}) using (_id)"
            )
        cursor.execute(
            f"""
            copy (
                with versions as (
                    select _id, _version_at, _hash, file_row_number as _row
                    from {self._staged}{landed}
                )
                select * exclude (hash_before) from (
                    select *, lag(_hash) over (
                        partition by _id order by _version_at, _row, _hash
                    ) as hash_before
                    from versions
                )
                where _row >= 0 and _hash is distinct from hash_before
                order by _row
            ) to {literal(index)} (format parquet, compression zstd)
            """
        )
        return int(pq.read_metadata(index).num_rows)

    @property
    def _staged(self) -> str:
        return f"read_parquet({literal(self._path)}, file_row_number = true)"

    def write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        part: Path,
        index: Path,
        envelope: Mapping[str, str],
        options: str,
    ) -> None:
        """The rows of the index with their envelope."""
        values = {**envelope, "_id": "_id", "_version_at": "_version_at", "_deleted": "_deleted"}
        listed = ", ".join(f"{values[name]} as {name}" for name in ENVELOPE)
        chosen = ""
        if pq.read_metadata(index).num_rows < self.rows:
            # A join keeps no order of its own, a plain scan does.
            chosen = (
                f" where file_row_number in (select _row from read_parquet({literal(index)}))"
                " order by file_row_number"
            )
        cursor.execute(
            f"copy (select {listed}, payload from {self._staged}{chosen})"
            f" to {literal(part)} {options}"
        )


class TypedStage:
    """Typed rows under way."""

    def __init__(self, folder: Path, columns: Mapping[str, str], *, enveloped: bool = True) -> None:
        self._path = folder / "staged.parquet"
        self._enveloped = enveloped
        own = {"_id": "VARCHAR", "_version_at": "TIMESTAMP", "_file": "VARCHAR"}
        self._columns = {**columns, **(own if enveloped else {})}
        self._schema = arrow_schema(self._columns)
        self._writer: pq.ParquetWriter | None = None
        self._buffer: list[Mapping[str, Any]] = []
        self._hash = hashlib.sha256()
        self.rows = 0

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    def add(self, row: Mapping[str, Any]) -> None:
        self._buffer.append(row)
        self._hash.update(repr([row.get(name) for name in self._columns]).encode())
        self.rows += 1
        if len(self._buffer) >= ROWS_A_GROUP:
            self._flush()

    def extend(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self.add(row)

    def _flush(self) -> None:
        if not self._buffer:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="lz4")
        self._writer.write_table(pa.Table.from_pylist(list(self._buffer), self._schema))
        self._buffer = []

    def close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        part: Path,
        index: Path,
        envelope: Mapping[str, str],
        options: str,
    ) -> None:
        """All rows with their envelope. Typed files need no index: they are known by content."""
        listed = "*"
        if self._enveloped:
            values = {**envelope, "_id": "_id", "_version_at": "_version_at", "_deleted": "false"}
            typed = [name for name in self._columns if name not in values and name != "_file"]
            listed = ", ".join(
                [f"{values[name]} as {name}" for name in ENVELOPE] + ["_file", *typed]
            )
        cursor.execute(
            f"copy (select {listed} from read_parquet({literal(self._path)}))"
            f" to {literal(part)} {options}"
        )
