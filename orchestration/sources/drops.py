"""Dropped files: which are new, by content, and which are copies of one already read.

A file is told by its hash, so a name may come again with other content and content under another name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from orchestration.landing import Refusal
from orchestration.sources.failures import SourceError

_UNFINISHED = (".tmp", ".part", ".filepart", ".crdownload")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Arrival:
    """One file of a drop; ``file`` is its name as it stands in every report: source/path below."""

    file: str
    path: Path
    sha256: str
    size_bytes: int


@dataclass
class Reading:
    """What one file held: rows by object, what was refused, and the days it covers."""

    rows: dict[str, list[dict[str, Any]]]
    refusals: list[Refusal] = field(default_factory=list)
    first_day: date | None = None
    last_day: date | None = None
    controls: dict[str, int] = field(default_factory=dict)


class FileRefusedError(ValueError):
    """A file that must not be used at all."""

    def __init__(self, reason_code: str, problem: str) -> None:
        self.reason_code = reason_code
        super().__init__(problem)


def listing(source: str, folder: Path) -> list[Arrival]:
    """Every finished file below a drop folder, an original before its copies. Errors: SourceError."""
    if not folder.is_dir():
        raise SourceError(
            source,
            "drop",
            f"folder {folder} does not exist",
            "Create it or correct TIEOUT_DROPS",
        )
    found: list[Arrival] = []
    for path in sorted(folder.rglob("*"), key=lambda path: _order(path, folder)):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and not path.name.endswith(_UNFINISHED):
            try:
                found.append(_arrival(source, folder, path))
            except OSError as error:
                raise SourceError(
                    source,
                    "drop",
                    f"the file cannot be read ({error.strerror})",
                    "Grant read access to it and pull again",
                    record=str(path.relative_to(folder)),
                ) from error
    return found


def _order(path: Path, folder: Path) -> tuple[str, ...]:
    """2025-03-04.bai2 stands before 2025-03-04-copy.bai2, though '-' sorts before '.'."""
    below = path.relative_to(folder)
    return (str(below.parent), path.name.partition(".")[0], path.name)


def _arrival(source: str, folder: Path, path: Path) -> Arrival:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    file = f"{source}/{path.relative_to(folder).as_posix()}"
    return Arrival(file, path, digest, path.stat().st_size)


def unseen(
    arrivals: Iterable[Arrival], known: Iterable[tuple[str, str, int]]
) -> list[tuple[Arrival, str | None]]:
    """Files that were not seen before, each with the file it is a copy of, if it is one."""
    seen = {(file, sha256) for file, sha256, _ in known}
    first = {sha256: file for file, sha256, rows in sorted(known, reverse=True) if rows}
    found = []
    for arrival in arrivals:
        if (arrival.file, arrival.sha256) not in seen:
            found.append((arrival, first.get(arrival.sha256)))
        first.setdefault(arrival.sha256, arrival.file)
    return found


def end_of_day(day: date) -> datetime:
    """The last second of a day: when its files can be known at the latest."""
    return datetime.combine(day, time(23, 59, 59))


def end_of_month(first: date) -> datetime:
    """The last second of a month."""
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return end_of_day(following - timedelta(days=1))


def day_in(text: str) -> date | None:
    """The first YYYY-MM-DD in a name, if it is a day."""
    match = _DAY.search(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
