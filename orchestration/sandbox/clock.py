"""Where the world stands in time: the instant its vendors and drops have reached.

A world is written to its end at once; the clock says how much of it has happened. The first instant that
has not come yet is kept beside the world's folder, because building a world replaces the folder.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

DROPS_AT_CLOCK = "drops-at-clock"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})(?!\d)")


class ClockError(ValueError):
    """The clock cannot stand there; the message says between which instants it can."""


def _file(world_dir: Path) -> Path:
    return world_dir.parent / f".{world_dir.name}.clock"


def clock_of(world_dir: Path) -> datetime | None:
    """The first instant that has not come yet; None when the whole world has happened."""
    path = _file(world_dir)
    return datetime.fromisoformat(path.read_text().strip()) if path.exists() else None


def advance(world_dir: Path, to: datetime) -> datetime:
    """Let the world go on to an instant. Errors: ClockError for a step back or past its end."""
    stamp = world_dir / "world.json"
    if stamp.exists():
        end = date.fromisoformat(json.loads(stamp.read_text())["end"])
        if to.date() > end or (to.date() == end and to.time() != datetime.min.time()):
            raise ClockError(f"the world ends with {end}: it cannot go on to {to:%Y-%m-%d %H:%M}")
    now = clock_of(world_dir)
    if now is not None and to < now:
        raise ClockError(f"the world already stands at {now:%Y-%m-%d %H:%M}: time goes one way")
    world_dir.parent.mkdir(parents=True, exist_ok=True)
    beside = _file(world_dir).with_suffix(".new")
    beside.write_text(to.isoformat() + "\n")
    os.replace(beside, _file(world_dir))
    return to


def last_second(clock: datetime | None) -> int | None:
    """The clock as the servers state it: the last second that has happened, in Unix time."""
    return None if clock is None else int(clock.timestamp()) - 1


def known_from(path: Path) -> datetime | None:
    """When a dropped file is there: after the day, or else the month, that its path names."""
    if match := _DAY.search(path.as_posix()):
        day = date(int(match[1]), int(match[2]), int(match[3])) + timedelta(days=1)
    elif match := _MONTH.search(path.as_posix()):
        year, month = int(match[1]), int(match[2])
        day = date(year + month // 12, month % 12 + 1, 1)
    else:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def drops_at(world_dir: Path, clock: datetime | None) -> Path:
    """The folder of drops as it stands at the clock: hard links to the files that have arrived."""
    everything = world_dir / "drops"
    if clock is None:
        return everything
    shown = world_dir / DROPS_AT_CLOCK
    due = set()
    for path in everything.rglob("*"):
        below = path.relative_to(everything)
        if path.is_dir():
            if len(below.parts) == 1:
                (shown / below).mkdir(parents=True, exist_ok=True)
            continue
        known = known_from(below)
        if known is None or known <= clock:
            due.add(below)
            target = shown / below
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target)
    for path in shown.rglob("*"):
        if path.is_file() and path.relative_to(shown) not in due:
            path.unlink()
    return shown
