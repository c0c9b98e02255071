"""The evidence a control looks at, as one Arrow table a control, read and let go before any check.

Books controls read the warehouse through one short read-only connection. Evidence controls run
before the warehouse exists and read the landing itself. Decides nothing: comparing is for suites.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.register import Control
from orchestration.landing import build_raw
from orchestration.settings import Settings

MANIFESTS = "*/*/*/_manifest.json"


class ControlError(RuntimeError):
    """A control could not be evaluated; the message says what it could not read and why."""


def manifests(landing: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and manifest of every committed load, in order of their names."""
    for path in sorted(landing.glob(MANIFESTS)):
        try:
            yield path.parent, json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ControlError(
                f"{path} is not a readable manifest: restore it from backup, or delete its folder "
                "and pull the source again"
            ) from error


def evidence_hash(landing: Path) -> str:
    """One hash over what the sources said: load ids follow from content, never from a clock."""
    loads = sorted(
        str(path.parent.relative_to(landing))
        for path in landing.glob(MANIFESTS)
        # What the loaders wrote about their own failures is no evidence of a source.
        if path.relative_to(landing).parts[0] != "landing"
    )
    return hashlib.sha256("\n".join(loads).encode()).hexdigest()


def _sha256(path: Path) -> str:
    if not path.exists():
        return "missing"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def landed_files(settings: Settings, _: duckdb.DuckDBPyConnection) -> pa.Table:
    """A row a landed file: the hash its manifest sealed and the hash it has."""
    return pa.Table.from_pylist(
        [
            {
                "load_folder": str(folder.relative_to(settings.landing)),
                "file": file["name"],
                "sealed_sha256": file["sha256"],
                "found_sha256": _sha256(folder / file["name"]),
            }
            for folder, manifest in manifests(settings.landing)
            for file in manifest["files"]
        ],
        schema=pa.schema(
            [(name, pa.string()) for name in ("load_folder", "file", "sealed_sha256")]
            + [("found_sha256", pa.string())]
        ),
    )


def _rows(folder: Path) -> int:
    total = 0
    for part in sorted(folder.glob("part-*.parquet")):
        try:
            total += pq.read_metadata(part).num_rows
        except pa.ArrowInvalid:
            # Not readable as Parquet any more: its rows are gone, and the count says so.
            continue
    return total


def landed_loads(settings: Settings, _: duckdb.DuckDBPyConnection) -> pa.Table:
    """A row a load: the rows its manifest counts and the rows that can be read."""
    return pa.Table.from_pylist(
        [
            {
                "load_folder": str(folder.relative_to(settings.landing)),
                "manifest_rows": int(manifest["rows"]),
                "found_rows": _rows(folder),
            }
            for folder, manifest in manifests(settings.landing)
        ],
        schema=pa.schema(
            [
                ("load_folder", pa.string()),
                ("manifest_rows", pa.int64()),
                ("found_rows", pa.int64()),
            ]
        ),
    )


# What closes posted: nothing is to be expected of these before the books open.
OF_POSTINGS = {"rpt_books_to_gl", "rpt_posted_journal", "rpt_trial_balance_as_reported"}


def _has_postings(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        found = connection.execute("select count(*) from ledger.posted_entry_lines").fetchone()
    except duckdb.CatalogException:
        return True  # Without the model nothing excuses an empty mart.
    return bool(found and found[0])


def mart_rows(_: Settings, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """A row a mart with its number of rows; marts of postings once something is posted."""
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    ).fetchall()
    counts = []
    has_postings = _has_postings(connection)
    for (name,) in names:
        if name in OF_POSTINGS and not has_postings:
            continue
        found = connection.execute(f'select count(*) from marts."{name}"').fetchone()
        counts.append({"mart": name, "rows": found[0] if found else 0})
    return pa.Table.from_pylist(
        counts, schema=pa.schema([("mart", pa.string()), ("rows", pa.int64())])
    )


Collector = Callable[[Settings, duckdb.DuckDBPyConnection], pa.Table]
COLLECTORS: dict[str, Collector] = {
    "landed_files": landed_files,
    "landed_loads": landed_loads,
    "mart_rows": mart_rows,
}


@contextmanager
def _store(settings: Settings, stage: str) -> Iterator[duckdb.DuckDBPyConnection]:
    if stage == "books":
        if not settings.warehouse.exists():
            raise ControlError(f"{settings.warehouse} does not exist: run `tieout build` first")
        with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
            yield connection
    else:
        with tempfile.TemporaryDirectory(prefix="tieout-controls-") as scratch:
            raw = Path(scratch) / settings.warehouse.name
            # A damaged file keeps the views from being made. The controls over the files must
            # still say which one it is; those that ask the views say that they could not.
            with suppress(duckdb.Error):
                build_raw(raw, settings.landing)
            with duckdb.connect(str(raw)) as connection:
                yield connection


def read_frames(
    settings: Settings, controls: Iterable[Control]
) -> dict[str, pa.Table | ControlError]:
    """Control id → its frame, rows in total order, or why it could not be read.

    Errors: ControlError if there is no warehouse at all.
    """
    frames: dict[str, pa.Table | ControlError] = {}
    seen: dict[str, pa.Table] = {}
    for stage in ("evidence", "books"):
        mine = [control for control in controls if control.stage == stage]
        if not mine:
            continue
        with _store(settings, stage) as connection:
            for control in mine:
                what = control.collect or control.query
                try:
                    if what not in seen:
                        seen[what] = _read(settings, control, connection)
                    frames[control.id] = seen[what]
                except ControlError as error:
                    frames[control.id] = error
    return frames


def _read(settings: Settings, control: Control, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    try:
        if control.collect:
            return COLLECTORS[control.collect](settings, connection)
        ordered = f"select * from ({control.query}) order by all"
        return connection.execute(ordered).to_arrow_table()
    except (duckdb.Error, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise ControlError(f"could not read {control.model}: {reason}") from error
