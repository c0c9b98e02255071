"""Publishes the marts for BI: Parquet by version, and one read-only DuckDB file, all or nothing.

A version is named by its content. Each step is built beside and moved over in one rename, the
pointer ``current.json`` last, so a reader keeps what it opened and a killed run leaves the old one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import Settings

DATABASE = "tieout.duckdb"
POINTER = "current.json"
BUILDING = ".building-"
VERSIONS_KEPT = 3
# One thread and one row group size: the same rows in the same order give the same bytes.
ROW_GROUP = 122_880


class PublishError(RuntimeError):
    """There is nothing fit to publish; the message says what is missing and what to run."""


@dataclass(frozen=True)
class Published:
    """What readers get: the version's folder of Parquet, the database, and rows by mart."""

    version: str
    database: Path
    folder: Path
    rows: dict[str, int]


def current(settings: Settings) -> dict[str, Any]:
    """What is published now; empty before the first time."""
    pointer = settings.published / POINTER
    if not pointer.exists():
        return {}
    found: dict[str, Any] = json.loads(pointer.read_text(encoding="utf-8"))
    return found


def publish(settings: Settings) -> Published:
    """Publish the warehouse's marts; the same marts again change nothing. Errors: PublishError."""
    if not settings.warehouse.exists():
        raise PublishError(f"{settings.warehouse} does not exist: run `tieout build` first")
    root = settings.published
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        _sweep(root, f"{BUILDING}*")
        building = root / f"{BUILDING}{os.getpid()}"
        building.mkdir()
        rows = _write_parquet(settings.warehouse, building)
        hashes = {path.stem: _sha256(path) for path in sorted(building.glob("*.parquet"))}
        version = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:16]
        folder = root / version
        if folder.exists():
            shutil.rmtree(building)
        else:
            os.rename(building, folder)
        done = Published(version, root / DATABASE, folder, rows)
        before = current(settings)
        if before.get("version") != version or not done.database.exists():
            _swap(settings, done, hashes, before)
        return done


def _swap(
    settings: Settings, done: Published, hashes: dict[str, str], before: dict[str, Any]
) -> None:
    root = settings.published
    beside = root / f"{BUILDING}{DATABASE}"
    _write_database(beside, done, settings.as_of.isoformat())
    os.replace(beside, done.database)
    earlier = [version for version in before.get("versions", []) if version != done.version]
    versions = [done.version, *earlier][:VERSIONS_KEPT]
    pointer = {
        "version": done.version,
        "as_of": settings.as_of.isoformat(),
        "database": DATABASE,
        "marts": {
            name: {"file": f"{done.version}/{name}.parquet", "rows": count, "sha256": hashes[name]}
            for name, count in done.rows.items()
        },
        "versions": versions,
    }
    beside = root / f"{BUILDING}{POINTER}"
    beside.write_text(json.dumps(pointer, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, root / POINTER)
    for folder in root.iterdir():
        if folder.is_dir() and folder.name not in versions:
            shutil.rmtree(folder)


def _write_parquet(warehouse: Path, folder: Path) -> dict[str, int]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set threads = 1")
        connection.execute("set preserve_insertion_order = true")
        marts = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables "
                "where table_schema = 'marts' order by table_name"
            ).fetchall()
        ]
        if not marts:
            raise PublishError(f"{warehouse} holds no marts: run `tieout build` first")
        rows = {}
        for name in marts:
            written = connection.execute(
                f"copy (select * from marts.\"{name}\" order by all) to '{folder / name}.parquet' "
                f"(format parquet, compression zstd, row_group_size {ROW_GROUP})"
            ).fetchone()
            rows[name] = int(written[0]) if written else 0
        return rows


def _write_database(path: Path, done: Published, as_of: str) -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for name in done.rows:
            connection.execute(
                f'create table marts."{name}" as select * from read_parquet(?)',
                [str(done.folder / f"{name}.parquet")],
            )
        connection.execute(
            "create table about as select ? as version, ? as as_of", [done.version, as_of]
        )
    path.chmod(0o444)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(root: Path, pattern: str) -> None:
    """Drop what a killed run left half built."""
    for left in root.glob(pattern):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One publisher at a time; the lock goes with the process, however it ends."""
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
