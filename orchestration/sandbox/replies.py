"""What an API of the sandbox answers before HTTP: status, body, headers, and a page's series.

The APIs build replies, the server sends them (and spoils them when a fault is due). No routing.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """One answer; pages of one listing share a ``series``, so that a page can be served twice."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    series: str | None = None
    is_first: bool = True
