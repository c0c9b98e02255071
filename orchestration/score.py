"""Holds the exceptions found against the sandbox's truth: recall and precision per reason code.

The pipeline never reads the truth; this runs beside it, after the fact. A planted defect counts
as found when an exception of its reason code carries its reference; any other raised one is false.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

FOUND = """
    select reason_code, left_ref, right_ref, period
    from reconciliation.rec_exceptions
    where is_defect
    order by all
"""

# References that recur month by month: the month is part of what was planted.
BY_PERIOD = {"USAGE_NOT_BILLED", "ORDER_NOT_BILLED", "UNKNOWN_SKU", "UNKNOWN_TENANT"}


@dataclass(frozen=True)
class ScoreLine:
    """One reason code: defects planted, of them found; exceptions raised, of them true."""

    reason_code: str
    planted: int
    found: int
    raised: int
    true: int
    missed: tuple[str, ...]
    false: tuple[str, ...]

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        return self.true / self.raised if self.raised else 1.0


@dataclass(frozen=True)
class Raised:
    """One exception as the pipeline raised it."""

    reason_code: str
    refs: frozenset[str]
    period: str | None

    def named(self) -> str:
        return " / ".join(sorted(self.refs)) + (f" in {self.period}" if self.period else "")


def score_exceptions(
    exceptions: Iterable[Raised], defects: Sequence[Mapping[str, Any]]
) -> list[ScoreLine]:
    """Score raised exceptions against planted defects, a line a reason code, in code order."""
    planted: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    raised: dict[str, list[Raised]] = defaultdict(list)
    for defect in defects:
        planted[defect["reason_code"]].append(defect)
    for exception in exceptions:
        raised[exception.reason_code].append(exception)
    return [
        _line(code, planted.get(code, []), raised.get(code, []))
        for code in sorted(planted.keys() | raised.keys())
    ]


def _line(code: str, planted: list[Mapping[str, Any]], raised: list[Raised]) -> ScoreLine:
    by_ref: dict[str, list[int]] = defaultdict(list)
    for number, exception in enumerate(raised):
        for ref in exception.refs:
            by_ref[ref].append(number)
    hit: set[int] = set()
    missed = []
    for defect in planted:
        fitting = [
            number
            for number in by_ref.get(defect["ref"], [])
            if code not in BY_PERIOD or _same_month(defect.get("period"), raised[number].period)
        ]
        if fitting:
            hit.update(fitting)
        else:
            missed.append(f"{defect['ref']} in {defect.get('period')}")
    return ScoreLine(
        reason_code=code,
        planted=len(planted),
        found=len(planted) - len(missed),
        raised=len(raised),
        true=len(hit),
        missed=tuple(sorted(missed)),
        false=tuple(sorted(raised[n].named() for n in range(len(raised)) if n not in hit)),
    )


def _same_month(planted: str | None, raised: str | None) -> bool:
    return planted is None or raised is None or planted[:7] == raised[:7]


def score(warehouse: Path, truth: Mapping[str, Any]) -> list[ScoreLine]:
    """Score the warehouse's exceptions against ``truth.json``'s content."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(FOUND).fetchall()
    return score_exceptions((_raised(*row) for row in rows), truth["defects"])


def _raised(code: str, left: str | None, right: str | None, period: date | None) -> Raised:
    refs = frozenset(ref for ref in (left, right) if ref)
    return Raised(code, refs, period.isoformat() if period else None)
