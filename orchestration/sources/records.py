"""What a client hands over: records as found, and the window of time they were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Found(NamedTuple):
    """One version of one record: parsed, and as the text the source sent."""

    object: str
    id: str | None
    version_at: datetime | None
    deleted: bool
    record: Any
    text: str


@dataclass
class Window:
    """``since`` is where the last complete pull ended; a reader sets ``until`` to its own end.

    ``follows``: something of this account has landed before, so this pull only brings changes.
    ``absent``: optional fields that the source does not have; a reader adds them.
    """

    since: datetime | None
    until: datetime | None = None
    follows: bool = False
    absent: list[str] = field(default_factory=list)


def from_unix(seconds: int) -> datetime:
    """A Unix time as a UTC timestamp without zone, as all timestamps land."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def to_unix(moment: datetime) -> int:
    """The Unix time of a UTC timestamp without zone."""
    return int(moment.replace(tzinfo=UTC).timestamp())
