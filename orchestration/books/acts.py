"""What was done with a sealed period after its seal: controls read, packet made, journal exported, signed off.

Append-only beside the batches, one file a period, each line sealed over the one before it and naming the
seal it speaks of; ``verify`` checks them with the chain. Does not belong: whether an act may happen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from orchestration.books.store import Batch, batches, locked, period_name, write_aside

ACTS = "acts"


@dataclass(frozen=True)
class Recorded:
    """One act on a sealed period."""

    what: str
    seal: str
    batch_id: str
    by: str
    at: str
    detail: Mapping[str, Any]


def _path(root: Path, period: date) -> Path:
    return root / ACTS / f"{period_name(period)}.jsonl"


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def acts_of(root: Path, batch: Batch) -> list[Recorded]:
    """Every act on a batch, in order."""
    path = _path(root, batch.period)
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    names = ("what", "seal", "batch_id", "by", "at", "detail")
    return [
        Recorded(**{name: act[name] for name in names})
        for act in found
        if act["seal"] == batch.seal
    ]


def record(
    root: Path, batch: Batch, what: str, by: str, at: datetime, detail: Mapping[str, Any]
) -> None:
    """Append an act on a batch. Errors: BooksBusyError."""
    path = _path(root, batch.period)
    with locked(root):
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.exists() else ""
        lines = before.splitlines()
        line = _line(
            {
                "what": what,
                "batch_id": batch.batch_id,
                "seal": batch.seal,
                "by": by,
                "at": at.isoformat(),
                "detail": dict(detail),
                "previous": _hash(lines[-1]) if lines else "",
            }
        )
        write_aside(path, f"{before}{line}\n".encode())


def act_faults(root: Path) -> Iterator[tuple[str, str]]:
    """Every record of acts that was altered, with the period it is of."""
    seals = {batch.seal for batch in batches(root)}
    for path in sorted((root / ACTS).glob("*.jsonl")):
        previous = ""
        for place, line in enumerate(path.read_text().splitlines(), start=1):
            try:
                act = json.loads(line)
                stated, seal = act["previous"], act["seal"]
            except (ValueError, KeyError, TypeError):
                yield path.stem, f"line {place} of its acts cannot be read"
                break
            if stated != previous:
                yield path.stem, f"its acts were altered before line {place}"
            if seal not in seals:
                yield (
                    path.stem,
                    f"line {place} of its acts speaks of a seal that is not in the chain",
                )
            previous = _hash(line)
