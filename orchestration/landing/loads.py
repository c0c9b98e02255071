"""Writing loads: records are staged beside the landing, compared with what is known, renamed in.

A load holds the records of one object (and entity) that one pull found new. It is built in a
staging folder and becomes visible by one rename; a killed pull leaves only staging, which the
next pull of that source clears. Its id follows from its content, so landing the same twice is one load.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from orchestration.landing import catalogue, staging
from orchestration.landing.staging import JsonStage, TypedStage, literal

LOG = logging.getLogger(__name__)
MANIFEST = "_manifest.json"
INDEX = "_index.parquet"
QUARANTINE = "_quarantine.parquet"
# How much further a window without news must reach to be recorded.
PROGRESS = timedelta(days=1)
COPY_OPTIONS = "(format parquet, compression zstd, row_group_size 30720)"


class LandingError(RuntimeError):
    """The landing itself is unusable; the message says which path and what to do."""


@dataclass(frozen=True)
class Input:
    """One dropped file as a load saw it; ``status`` is read, duplicate or quarantined."""

    file: str
    sha256: str
    size_bytes: int
    rows: int
    status: str
    first_day: date | None = None
    last_day: date | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Refusal:
    """One record or file that could not be read, kept with its reason."""

    reason_code: str
    reason: str
    id: str | None = None
    file: str | None = None
    version_at: datetime | None = None
    payload: str | None = None


class Landing:
    """The landing folder of one deployment. Reading it is free; writing holds the source's lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._connection = duckdb.connect()
        self._connection.execute("set threads = 2; set memory_limit = '1GB'")
        self._connection.execute(f"set temp_directory = {literal(self._staging_root / 'spill')}")
        self._connection.execute("set timezone = 'UTC'")
        self._lock = threading.Lock()
        # A manifest never changes once it is there.
        self._manifests: dict[Path, dict[str, Any]] = {}
        self.now = datetime.now(UTC).replace(tzinfo=None)

    @property
    def _staging_root(self) -> Path:
        return self.root / ".staging"

    @contextmanager
    def writing(self, source: str) -> Iterator[None]:
        """One pull a source at a time; what a killed one left behind is cleared."""
        try:
            self._staging_root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LandingError(
                f"landing {self.root} cannot be written ({error}): check TIEOUT_HOME"
            ) from error
        with (self._staging_root / f"{source}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                LOG.info("%s: another pull is running, waiting for it", source)
                fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(self._staging_root / source, ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(self._staging_root / source, ignore_errors=True)

    def manifests(self, source: str, name: str) -> list[dict[str, Any]]:
        """The manifests of the committed loads of one object, by load id."""
        found = []
        for path in sorted((self.root / source / name).glob(f"*/{MANIFEST}")):
            if path not in self._manifests:
                self._manifests[path] = _read_manifest(path)
            found.append(self._manifests[path])
        return found

    def watermark(self, source: str, name: str, entity: str | None, via: str) -> datetime | None:
        """The end of the newest window that was read to its end; None before the first."""
        ends = [
            datetime.fromisoformat(manifest["window"]["to"])
            for manifest in self.manifests(source, name)
            if (manifest["entity"], manifest["via"]) == (entity, via) and manifest["window"]["to"]
        ]
        return max(ends, default=None)

    def known_files(self, source: str, name: str) -> list[tuple[str, str, int]]:
        """Every file an object's loads have seen: name below the drop, sha256, rows."""
        return [
            (entry["file"], entry["sha256"], entry["rows"])
            for manifest in self.manifests(source, name)
            for entry in manifest["inputs"]
        ]

    def json_load(self, source: str, name: str, entity: str | None, via: str) -> Load:
        """Begin a load of API records."""
        folder = self._folder(source, name, entity, via)
        return Load(self, source, name, entity, via, folder, JsonStage(folder))

    def typed_load(self, source: str, name: str, columns: Mapping[str, str] | None = None) -> Load:
        """Begin a load of typed rows."""
        folder = self._folder(source, name, None, "file")
        columns = columns or catalogue.TYPED[source, name]
        return Load(self, source, name, None, "file", folder, TypedStage(folder, columns))

    def _folder(self, source: str, name: str, entity: str | None, via: str) -> Path:
        folder = self._staging_root / source / f"{name}-{entity or 'all'}-{via}"
        folder.mkdir(parents=True)
        return folder

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own for the calling thread."""
        with self._lock:
            return self._connection.cursor()

    def outstanding_failures(self, source: str) -> dict[tuple[str, str | None], str]:
        """(object, entity) → error of each object whose last pull failed."""
        paths = sorted(
            str(p) for p in (self.root / "landing/pull_failure").glob("*/part-*.parquet")
        )
        if not paths:
            return {}
        rows = self.cursor().execute(
            "select object, entity, last(error order by recorded_at), last(state order by recorded_at)"
            " from read_parquet(?) where source = ? group by all",
            [paths, source],
        )
        return {
            (name, entity): e for name, entity, e, state in rows.fetchall() if state == "failed"
        }

    def record_failures(self, source: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append what failed and what recovered; the raw view shows what is still failing."""
        listed = [{"source": source, "recorded_at": self.now, **row} for row in rows]
        if not listed:
            return
        folder = self._staging_root / source / "pull_failure"
        folder.mkdir(parents=True)
        stage = TypedStage(folder, catalogue.PULL_FAILURE, enveloped=False)
        load = Load(self, "landing", "pull_failure", None, "pull", folder, stage)
        for row in listed:
            load.add_row(row)
        load.commit()


class Load:
    """One load under construction: add, refuse, then commit or abandon."""

    def __init__(
        self,
        landing: Landing,
        source: str,
        name: str,
        entity: str | None,
        via: str,
        folder: Path,
        stage: JsonStage | TypedStage,
    ) -> None:
        self._landing = landing
        self.source, self.object, self.entity, self.via = source, name, entity, via
        self._folder = folder
        self._stage = stage
        self.window: tuple[datetime | None, datetime | None] = (None, None)
        self.drift: set[str] = set()
        self.controls: dict[str, Any] = {}
        self.inputs: list[Input] = []
        self._refusals: list[Refusal] = []
        self._parts: dict[str, str] = {}
        self._originals: list[tuple[str, Path]] = []
        self.rows = 0

    def add(self, id: str, version_at: datetime, deleted: bool, payload: str) -> None:
        """One record of an API, its payload as received."""
        assert isinstance(self._stage, JsonStage)
        self._stage.add(id, version_at, deleted, payload)

    def add_row(self, row: Mapping[str, Any]) -> None:
        """One typed row, with ``_id``, ``_version_at`` and ``_file`` if it lands enveloped."""
        assert isinstance(self._stage, TypedStage)
        self._stage.add(row)

    def add_part(self, name: str, select: str) -> None:
        """A part written by DuckDB from a query over dropped files, whatever its size."""
        self._parts[name] = select

    def keep_original(self, name: str, path: Path) -> None:
        """Copy a dropped file into the load, beside what was read from it."""
        self._originals.append((name, path))

    def refuse(self, refusal: Refusal) -> None:
        """Set a record or file aside with its reason."""
        self._refusals.append(refusal)

    def abandon(self) -> None:
        """Forget everything staged; nothing becomes visible."""
        self._stage.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def commit(self, *, marks_progress: bool = False) -> str | None:
        """Make the load visible and return its id; None when it holds nothing new.

        With ``marks_progress`` a window that was read to its end is worth a load without rows, if it
        is the first or reaches a day further: the next pull then need not read it again.
        """
        self._stage.close()
        cursor = self._landing.cursor()
        try:
            self._drop_known_refusals()
            sealed = self._folder / "sealed"
            sealed.mkdir()
            digest = hashlib.sha256(
                json.dumps([self.source, self.object, self.entity, self.via]).encode()
            )
            if isinstance(self._stage, JsonStage):
                index = sealed / INDEX
                self.rows = self._stage.select_new(cursor, self._known_indexes(), index)
                if self.rows:
                    digest.update(_sha256(index).encode())
                else:
                    index.unlink(missing_ok=True)
            else:
                self.rows = self._stage.rows
                digest.update(self._stage.digest)
            for entry in sorted(self.inputs, key=lambda entry: entry.file):
                digest.update(f"{entry.file} {entry.sha256} {entry.status}".encode())
            for refusal in self._refusals:
                digest.update(_refusal_key(refusal).encode())
            is_empty = not (self.rows or self._refusals or self.inputs)
            if is_empty and not (marks_progress and self._reaches_further()):
                self.abandon()
                return None
            return self._seal(cursor, sealed, digest.hexdigest()[:16])
        finally:
            cursor.close()

    def _reaches_further(self) -> bool:
        begin, end = self.window
        return end is not None and (begin is None or end - begin >= PROGRESS)

    def _known_indexes(self) -> list[str]:
        return [
            str(manifest["folder"] / INDEX)
            for manifest in self._landing.manifests(self.source, self.object)
            if manifest["entity"] == self.entity and (manifest["folder"] / INDEX).exists()
        ]

    def _drop_known_refusals(self) -> None:
        if not self._refusals:
            return
        known: set[str] = set()
        for manifest in self._landing.manifests(self.source, self.object):
            path = manifest["folder"] / QUARANTINE
            if manifest["entity"] == self.entity and path.exists():
                known.update(
                    _refusal_key(
                        Refusal(
                            r["reason_code"], r["reason"], r["_id"], r["_file"], None, r["payload"]
                        )
                    )
                    for r in pq.read_table(path).to_pylist()
                )
        fresh = []
        for refusal in self._refusals:
            key = _refusal_key(refusal)
            if key not in known:
                known.add(key)
                fresh.append(refusal)
        self._refusals = fresh

    def _seal(self, cursor: duckdb.DuckDBPyConnection, sealed: Path, digest: str) -> str:
        window_from, window_to = self.window
        stamp = f"{window_to:%Y%m%dT%H%M%S}" if window_to else None
        load_id = "-".join(filter(None, (self.entity, self.via, stamp, digest)))
        target = self._landing.root / self.source / self.object / load_id
        if target.exists():
            self.abandon()
            return load_id
        envelope = self._envelope(load_id)
        received = self._stage.rows
        if self.rows:
            part = sealed / "part-0.parquet"
            self._stage.write(cursor, part, sealed / INDEX, envelope, COPY_OPTIONS)
        for name, select in self._parts.items():
            constants = "".join(
                f", {envelope[column]} as {column}"
                for column in catalogue.LEAN
                if column in envelope
            )
            cursor.execute(
                f"copy (select *{constants} from ({select}))"
                f" to {literal(sealed / f'part-{name}.parquet')} {COPY_OPTIONS}"
            )
        if self._parts:
            counts = [pq.read_metadata(path).num_rows for path in sealed.glob("part-*.parquet")]
            self.rows, received = sum(counts), sum(counts)
        if self._refusals:
            self._write_quarantine(sealed / QUARANTINE, load_id)
        for name, path in self._originals:
            kept = sealed / "original" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept)
        self._write_manifest(sealed, load_id, received)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(sealed, target)
        shutil.rmtree(self._folder, ignore_errors=True)
        return load_id

    def _envelope(self, load_id: str) -> dict[str, str]:
        return {
            "_source": literal(self.source),
            "_object": literal(self.object),
            "_entity": f"cast({literal(self.entity)} as varchar)",
            "_landed_at": f"cast({literal(self._landing.now)} as timestamp)",
            "_load_id": literal(load_id),
        }

    def _write_quarantine(self, path: Path, load_id: str) -> None:
        rows = [
            {
                "_source": self.source,
                "_object": self.object,
                "_entity": self.entity,
                "_id": refusal.id,
                "_file": refusal.file,
                "_version_at": refusal.version_at,
                "reason_code": refusal.reason_code,
                "reason": refusal.reason,
                "payload": refusal.payload,
                "_landed_at": self._landing.now,
                "_load_id": load_id,
            }
            for refusal in self._refusals
        ]
        staging.write_rows(path, rows, catalogue.QUARANTINE)

    def _write_manifest(self, folder: Path, load_id: str, received: int) -> None:
        window_from, window_to = self.window
        manifest = {
            "load_id": load_id,
            "source": self.source,
            "object": self.object,
            "entity": self.entity,
            "via": self.via,
            "status": "complete",
            "window": {"from": window_from, "to": window_to},
            "received": received,
            "rows": self.rows,
            "quarantined": len(self._refusals),
            "controls": self.controls,
            "drift": sorted(self.drift),
            "started": self._landing.now,
            "files": [
                {
                    "name": str(path.relative_to(folder)),
                    "sha256": _sha256(path),
                    "size_bytes": path.stat().st_size,
                }
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            ],
            "inputs": [asdict(entry) for entry in self.inputs],
        }
        text = json.dumps(manifest, indent=1, default=_json_value)
        (folder / MANIFEST).write_text(text + "\n")


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise LandingError(
            f"{path} is not a readable manifest: restore it from backup, or delete its folder and"
            " pull the source again"
        ) from error
    return {**manifest, "folder": path.parent}


def _refusal_key(refusal: Refusal) -> str:
    parts = [refusal.reason_code, refusal.reason, refusal.id, refusal.file, refusal.payload]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _json_value(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
