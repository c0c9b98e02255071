"""Explanations of movements, kept with their period: one file each, written once, named by its own hash.

``books/<period>/explanation-<sha256>.json``. Each names the one before it in its period, so a changed one and one
taken out of the middle are found. They may come before or after the seal: they are no part of a batch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.books.lines import quoted
from orchestration.books.store import (
    GENESIS,
    BooksError,
    canonical,
    locked,
    period_name,
    write_aside,
)

PATTERN = "explanation-*.json"
# Column of the warehouse's view → type.
COLUMNS = {
    "explanation_id": "VARCHAR",
    "period": "DATE",
    "line_id": "VARCHAR",
    "sequence_no": "BIGINT",
    "explanation": "VARCHAR",
    "explained_by": "VARCHAR",
    "explained_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class Explanation:
    """Why a line of a period moved, in whose words."""

    explanation_id: str
    period: str
    line_id: str
    sequence_no: int
    text: str
    explained_by: str
    explained_at: str
    previous: str


def _named(path: Path) -> str:
    return path.stem.removeprefix("explanation-")


def _read(path: Path) -> Explanation:
    document = json.loads(path.read_bytes())
    return Explanation(
        _named(path),
        *(
            document[name]
            for name in (
                "period",
                "line",
                "sequence",
                "text",
                "explained_by",
                "explained_at",
                "previous",
            )
        ),
    )


def explanations(root: Path, period: date | None = None) -> list[Explanation]:
    """Every explanation (of one period), oldest first. Errors: BooksError naming an unreadable file."""
    found = []
    folder = period_name(period) if period else "[0-9]*"
    for path in root.glob(f"{folder}/{PATTERN}"):
        try:
            found.append(_read(path))
        except (ValueError, KeyError, TypeError) as error:
            raise BooksError(f"{path} cannot be read ({error}): run `tieout verify`") from error
    return sorted(found, key=lambda one: (one.period, one.sequence_no, one.explanation_id))


def explain(
    root: Path, period: date, line_id: str, text: str, by: str, at: datetime | None = None
) -> Explanation:
    """Keep an explanation of a line with its period; a later one of the same line counts instead.

    Errors: BooksError when text or author are missing, or what is there is damaged; BooksBusyError.
    """
    if not text.strip() or not by.strip():
        raise BooksError("an explanation needs words and somebody who gives them")
    with locked(root):
        damage = list(faults(root))
        if damage:
            raise BooksError(f"{damage[0]}: restore it from a copy before adding to it")
        before = explanations(root, period)
        content = canonical(
            {
                "format": 1,
                "period": period_name(period),
                "line": line_id,
                "sequence": len(before) + 1,
                "text": text.strip(),
                "explained_by": by.strip(),
                "explained_at": (at or datetime.now(UTC)).replace(microsecond=0).isoformat(),
                "previous": before[-1].explanation_id if before else GENESIS,
            }
        )
        folder = root / period_name(period)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"explanation-{hashlib.sha256(content).hexdigest()}.json"
        write_aside(path, content)
        return _read(path)


def faults(root: Path) -> Iterator[str]:
    """Everything wrong with the explanations, each naming its file."""
    by_period: dict[str, list[Explanation]] = {}
    for path in sorted(root.glob(f"[0-9]*/{PATTERN}")):
        name = f"{path.parent.name}/{path.name}"
        is_altered = hashlib.sha256(path.read_bytes()).hexdigest() != _named(path)
        if is_altered:
            yield f"{name} was altered: its bytes differ from what its name says"
        try:
            one = _read(path)
        except (ValueError, KeyError, TypeError):
            if not is_altered:
                yield f"{name} cannot be read"
            continue
        if not is_altered and one.period != path.parent.name:
            yield f"{name} was moved: it explains {one.period}"
        by_period.setdefault(path.parent.name, []).append(one)
    for period, found in by_period.items():
        previous = GENESIS
        for one in sorted(found, key=lambda one: one.sequence_no):
            if one.previous != previous:
                yield f"an explanation of {period} before number {one.sequence_no} is missing"
            previous = one.explanation_id


def explained_relation(root: Path) -> str:
    """Every explanation as a DuckDB relation (SQL text); empty, of the same columns, while none is."""
    rows = explanations(root)
    if not rows:
        nothing = ", ".join(f"null::{type_} as {name}" for name, type_ in COLUMNS.items())
        return f"(select {nothing} limit 0)"
    values = ", ".join(f"({', '.join(_literals(one))})" for one in rows)
    listed = ", ".join(f"{name}::{type_} as {name}" for name, type_ in COLUMNS.items())
    return f"(select {listed} from (values {values}) as kept({', '.join(COLUMNS)}))"


def _literals(one: Explanation) -> list[str]:
    words: tuple[Any, ...] = (
        one.explanation_id,
        f"{one.period}-01",
        one.line_id,
        one.sequence_no,
        one.text,
        one.explained_by,
        one.explained_at,
    )
    return [quoted(str(word)) for word in words]
