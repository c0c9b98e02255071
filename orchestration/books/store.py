"""The folder of the books: batches, their manifests, the chain, the head and the lock.

Layout: ``books/<period>/<batch id>/{entries-0001.parquet, manifest.json}`` and ``books/head.json``.
A batch is written aside and appears by one rename, which is the moment of commitment; the head
that follows only repeats what the chain says. Nothing here knows what an entry means.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
HEAD = "head.json"
INCOMING = ".incoming"
GENESIS = "0" * 64
KINDS = ("opening", "close", "reopen")


class BooksError(Exception):
    """The books refuse; the message says what, why, and what to do."""


class BooksBusyError(BooksError):
    """Another close holds the books."""


class BooksDamagedError(BooksError):
    """The chain does not verify, so nothing may be added to it."""


@dataclass(frozen=True)
class Batch:
    """One sealed batch as its manifest states it."""

    path: Path
    manifest: dict[str, Any]

    @property
    def batch_id(self) -> str:
        return str(self.manifest["batch_id"])

    @property
    def sequence(self) -> int:
        return int(self.manifest["sequence"])

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def period(self) -> date:
        return parse_period(self.manifest["period"])

    @property
    def seal(self) -> str:
        return str(self.manifest["seal"])

    @property
    def rows(self) -> int:
        return sum(int(file["rows"]) for file in self.manifest["files"] if "rows" in file)

    @property
    def entries(self) -> list[Path]:
        return [
            self.path / file["name"]
            for file in self.manifest["files"]
            if file["name"].startswith("entries-")
        ]


def parse_period(text: str) -> date:
    """``2026-03`` as the first day of that month. Errors: BooksError naming the text."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise BooksError(f"{text!r} is not a period; write it as 2026-03") from error


def period_name(period: date) -> str:
    return f"{period:%Y-%m}"


def next_period(period: date) -> date:
    return date(period.year + period.month // 12, period.month % 12 + 1, 1)


def previous_period(period: date) -> date:
    return date(period.year - (period.month == 1), (period.month - 2) % 12 + 1, 1)


def canonical(document: dict[str, Any]) -> bytes:
    """The one spelling of a document: sorted keys, two spaces, a newline at its end."""
    return (json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its own hash in it."""
    open_document = {name: value for name, value in document.items() if name != "seal"}
    return {**open_document, "seal": hashlib.sha256(canonical(open_document)).hexdigest()}


def described(path: Path, **more: Any) -> dict[str, Any]:
    """What a manifest says of one file: name, size, hash, and whatever else is given."""
    return {
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_hash(path),
        **more,
    }


def content_hash(files: list[dict[str, Any]]) -> str:
    """One hash over the names and hashes of a batch's files."""
    lines = "".join(f"{file['sha256']}  {file['name']}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def batches(root: Path) -> list[Batch]:
    """Every readable batch, in the order of its sequence. Damage is for ``verify`` to name."""
    found = []
    for path in root.glob(f"[0-9]*/*/{MANIFEST}"):
        try:
            found.append(Batch(path.parent, json.loads(path.read_bytes())))
            found[-1].sequence, found[-1].period, found[-1].seal
        except (ValueError, KeyError, TypeError) as error:
            raise BooksDamagedError(
                f"{path} cannot be read as a manifest ({error}): run `tieout verify`"
            ) from error
    return sorted(found, key=lambda batch: (batch.sequence, batch.batch_id))


def entry_files(root: Path, through: int | None = None) -> list[Path]:
    """The files of posted lines, optionally only those up to a sequence number."""
    return [
        file
        for batch in batches(root)
        if through is None or batch.sequence <= through
        for file in batch.entries
    ]


def head(root: Path) -> dict[str, Any] | None:
    path = root / HEAD
    return json.loads(path.read_bytes()) if path.exists() else None


def flush(path: Path) -> None:
    """Ask the disk to keep a file or a folder, so that a power cut keeps the order of writes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_aside(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    flush(beside)
    os.replace(beside, path)
    flush(path.parent)


def write_head(root: Path, batch: Batch) -> None:
    write_aside(
        root / HEAD,
        canonical({"batch_id": batch.batch_id, "sequence": batch.sequence, "seal": batch.seal}),
    )


def settle_head(root: Path) -> None:
    """Finish what a kill left between the rename and the head. Call under the lock."""
    chain, stated = batches(root), head(root)
    if not chain:
        return
    last = chain[-1]
    known = stated["sequence"] if stated else 0
    if last.sequence == known + 1 and last.manifest["previous_seal"] == (
        stated["seal"] if stated else GENESIS
    ):
        write_head(root, last)


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the books alone. Errors: BooksBusyError naming the process that holds them.

    The kernel drops the lock with its process, so a killed close never leaves one behind.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise BooksBusyError(
                f"another close holds {root} (process {holder}): wait for it to end, then try again"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        shutil.rmtree(root / INCOMING, ignore_errors=True)
        try:
            yield
        finally:
            file.truncate(0)
