"""Who may write the warehouse, and what it was built from: one writer at a time, and a note of every input.

The note makes a second build of the same inputs needless and cannot be stale: it holds hashes of all bytes
that landed, of every policy and model, of the cut-off, and of the warehouse file itself. Knows no accounting.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from expectations.frames import evidence_hash
from orchestration import books
from orchestration.books.store import BooksBusyError, file_hash
from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

# What decides the content of a model: the project's own files, and how raw views show what landed.
PROJECT = (DBT_PROJECT, REPOSITORY / "orchestration" / "landing")
PROJECT_FILES = {".sql", ".yml", ".csv", ".py"}


class WarehouseBusyError(BooksBusyError):
    """Another process builds the warehouse or closes a month."""


# What this process holds: lock file → descriptor, thread and how often it was entered.
_HELD: dict[Path, tuple[int, int, int]] = {}


@contextmanager
def alone(settings: Settings, what: str) -> Iterator[None]:
    """Hold the warehouse and the books for one act. Errors: WarehouseBusyError naming who holds them.

    A thread that holds them may enter again. The kernel drops the lock with its process and the dbt it
    started (``held_descriptors``), so a killed act leaves none behind and an orphaned dbt keeps it.
    """
    path = (settings.home / ".warehouse.lock").resolve()
    known = _HELD.get(path)
    if known and known[1] == threading.get_ident():
        _HELD[path] = (known[0], known[1], known[2] + 1)
        try:
            yield
        finally:
            _HELD[path] = known
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 200).decode().strip() or "another process"
        os.close(descriptor)
        raise WarehouseBusyError(
            f"{what} has to wait: {holder} works in {settings.home}; try again when it has ended"
        ) from error
    _HELD[path] = (descriptor, threading.get_ident(), 1)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{what} (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        del _HELD[path]
        # Closing, not unlocking: a child that still writes keeps the lock with its own copy.
        os.close(descriptor)


def held_descriptors() -> tuple[int, ...]:
    """The locks of this process, for a child that writes on its behalf."""
    return tuple(descriptor for descriptor, _, _ in _HELD.values())


def tree_hash(*roots: Path, suffixes: set[str] | None = None) -> str:
    """One hash over the names and bytes of every file below some folders."""
    lines = [
        f"{file_hash(path)}  {place}/{path.relative_to(root).as_posix()}\n"
        for place, root in enumerate(roots)
        for path in sorted(root.rglob("*"))
        if path.is_file() and (suffixes is None or path.suffix in suffixes)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def inputs_of(settings: Settings) -> dict[str, str]:
    """Everything the warehouse is a function of, the books' own views apart."""
    return {
        "as_of": settings.as_of.isoformat(),
        "evidence": evidence_hash(settings.landing),
        "landing": tree_hash(settings.landing),
        # Raw views name files by their full path.
        "landing_path": str(settings.landing.resolve()),
        "project": tree_hash(*PROJECT, suffixes=PROJECT_FILES),
        "engine": f"dbt-duckdb {version('dbt-duckdb')} dbt {version('dbt-core')} "
        f"duckdb {version('duckdb')}",
    }


def note_of(settings: Settings) -> Path:
    return settings.warehouse.with_name("build.json")


def _started(settings: Settings) -> Path:
    return settings.warehouse.with_name("build.started.json")


def _write(path: Path, document: dict[str, Any]) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(document, indent=1) + "\n")
    os.replace(beside, path)


def noted(settings: Settings) -> dict[str, str]:
    """What the last build that succeeded was made from; empty while one runs or after one failed."""
    note = note_of(settings)
    return json.loads(note.read_text()) if note.exists() else {}


def shown_books(settings: Settings) -> str:
    """Which state of the books the warehouse has to show: the seal of the last batch."""
    chain = books.batches(settings.books)
    return chain[-1].seal if chain else ""


def note_start(settings: Settings) -> None:
    """Forget the last build and remember what this one begins with."""
    note_of(settings).unlink(missing_ok=True)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    _write(_started(settings), {**inputs_of(settings), "books": shown_books(settings)})


def note_success(settings: Settings) -> list[str]:
    """Note what was built. Returns the inputs that changed meanwhile; then nothing is noted."""
    if not _started(settings).exists():
        return ["the note of its start"]
    started = json.loads(_started(settings).read_text())
    now = {**inputs_of(settings), "books": shown_books(settings)}
    changed = [name for name in now if started.get(name) != now[name]]
    if not changed:
        _write(note_of(settings), {**now, "warehouse": file_hash(settings.warehouse)})
        _started(settings).unlink()
    return changed


def is_current(settings: Settings) -> bool:
    """The warehouse already is exactly what a build would make; the books' views may lag."""
    note = noted(settings)
    write_ahead = settings.warehouse.with_name(f"{settings.warehouse.name}.wal")
    return (
        bool(note)
        and settings.warehouse.exists()
        and not write_ahead.exists()
        and all(note.get(name) == value for name, value in inputs_of(settings).items())
        and note.get("warehouse") == file_hash(settings.warehouse)
    )


@contextmanager
def changing_only_the_books(settings: Settings) -> Iterator[None]:
    """Around a refresh of the books' views: what was current before is current after, and a kill or an
    error between leaves no note, so that the next build is a whole one."""
    was_current = is_current(settings)
    if was_current:
        note_start(settings)
    note_of(settings).unlink(missing_ok=True)
    yield
    if was_current:
        note_success(settings)
