"""Writes the metering drop: one Parquet file an ingest day, in batches, with exact decimals and no floats.

Rows are plain integer arrays until here; quantities are millionths and become DECIMAL(18,6) by their bits.
"""

from __future__ import annotations

import resource
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from .calendars import DAY, unix
from .catalog import USAGE

Ints = npt.NDArray[np.int64]
UNKNOWN_SKU = "GPU-B300-OD"
SKUS = (*USAGE, UNKNOWN_SKU)
SKU_CODE = {sku: code for code, sku in enumerate(SKUS)}
_UNIT = ["gpu_hour", "gpu_hour", "token", "gb", "gpu_hour", "gpu_hour"]
REGIONS = ("us-east", "us-west", "eu-west", "eu-north")
KINDS = ("usage", "correction")
BATCH_ROWS = 1_000_000
COLUMNS = (
    "tenant",
    "sku",
    "event",
    "quantity",
    "event_at",
    "ingested_at",
    "kind",
    "revision",
    "region",
)

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("tenant_id", pa.string()),
        ("sku", pa.string()),
        ("quantity", pa.decimal128(18, 6)),
        ("unit", pa.string()),
        ("event_at", pa.timestamp("us")),
        ("ingested_at", pa.timestamp("us")),
        ("kind", pa.string()),
        ("revision", pa.int32()),
        ("region", pa.string()),
    ]
)
_HEX = np.array([f"{number:02x}" for number in range(256)], dtype="S2")


def event_numbers(base: int, count: int) -> npt.NDArray[np.uint64]:
    """``count`` distinct 64-bit numbers that follow from ``base`` (splitmix64)."""
    state = np.uint64(base & (2**64 - 1)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _event_ids(numbers: npt.NDArray[np.uint64]) -> pa.Array:
    """``ue_`` and sixteen hex digits, built as one buffer."""
    count = len(numbers)
    text = np.empty((count, 19), dtype=np.uint8)
    text[:, :3] = np.frombuffer(b"ue_", dtype=np.uint8)
    octets = numbers.astype(">u8").view(np.uint8)
    text[:, 3:] = _HEX[octets].view(np.uint8).reshape(count, 16)
    offsets = np.arange(0, 19 * (count + 1), 19, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    return pa.Array.from_buffers(pa.string(), count, buffers)


def _decimals(micros: Ints) -> pa.Array:
    wide = np.empty((len(micros), 2), dtype=np.int64)
    wide[:, 0] = micros
    wide[:, 1] = micros >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(micros), [None, pa.py_buffer(wide)])


def _words(codes: Ints, words: list[str]) -> pa.Array:
    index = pa.array(codes.astype(np.int32))
    return pa.DictionaryArray.from_arrays(index, pa.array(words, pa.string())).cast(pa.string())


class MeteringDrop:
    """Open files for every day of a history; ``add`` rows, then ``close``."""

    def __init__(self, root: Path, start: date, end: date, empty_days: set[date]) -> None:
        self._start = unix(start)
        self._days = (end - start).days
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = self._days + 256
        if soft < needed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
        self._paths = []
        for offset in range(self._days):
            folder = root / (start + timedelta(days=offset)).isoformat()
            folder.mkdir(parents=True)
            self._paths.append(folder / "usage-0001.parquet")
        self._writers: list[pq.ParquetWriter | None] = [None] * self._days
        self._empty = np.array(sorted((unix(day) - self._start) // DAY for day in empty_days), int)
        self._tenants: list[str] = []
        self._batch: list[dict[str, npt.NDArray[np.generic]]] = []
        self._rows = 0

    def add(self, tenant: str, rows: dict[str, npt.NDArray[np.generic]]) -> None:
        """Rows of one tenant: every column of COLUMNS but the tenant."""
        count = len(rows["event"])
        if not count:
            return
        self._tenants.append(tenant)
        rows["tenant"] = np.full(count, len(self._tenants) - 1, dtype=np.int32)
        self._batch.append(rows)
        self._rows += count
        if self._rows >= BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._batch:
            return
        rows = {
            name: np.concatenate([part[name] for part in self._batch])
            for name in COLUMNS
        }  # fmt: skip
        ingested: Ints = rows["ingested_at"].astype(np.int64)
        # A day whose file stays empty: its deliveries come a day later.
        shifted = np.isin((ingested - self._start) // DAY, self._empty)
        ingested = ingested + shifted * DAY
        order = np.lexsort((rows["event"], ingested))
        rows = {name: values[order] for name, values in rows.items()}
        ingested = ingested[order]
        table = self._table(rows, ingested)
        bounds = np.searchsorted((ingested - self._start) // DAY, np.arange(self._days + 1))
        for day in range(self._days):
            low, high = int(bounds[day]), int(bounds[day + 1])
            if high > low:
                self._writer(day).write_table(table.slice(low, high - low))
        self._batch, self._tenants, self._rows = [], [], 0

    def _table(self, rows: dict[str, npt.NDArray[np.generic]], ingested: Ints) -> pa.Table:
        skus = rows["sku"].astype(np.int64)
        columns = [
            _event_ids(rows["event"].astype(np.uint64)),
            _words(rows["tenant"].astype(np.int64), self._tenants),
            _words(skus, list(SKUS)),
            _decimals(rows["quantity"].astype(np.int64)),
            _words(skus, _UNIT),
            pa.array(rows["event_at"].astype(np.int64) * 1_000_000).view(pa.timestamp("us")),
            pa.array(ingested * 1_000_000).view(pa.timestamp("us")),
            _words(rows["kind"].astype(np.int64), list(KINDS)),
            pa.array(rows["revision"].astype(np.int32)),
            _words(rows["region"].astype(np.int64), list(REGIONS)),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    def _writer(self, day: int) -> pq.ParquetWriter:
        writer = self._writers[day]
        if writer is None:
            writer = pq.ParquetWriter(
                self._paths[day], SCHEMA, compression="zstd", use_dictionary=
                ["tenant_id", "sku", "unit", "kind", "region"],
            )  # fmt: skip
            self._writers[day] = writer
        return writer

    def close(self) -> None:
        """Write what is left; a day without rows gets a file with none."""
        self._flush()
        for day in range(self._days):
            self._writer(day).close()
