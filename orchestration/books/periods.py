"""States of accounting periods and the rules that open and close them, as pure functions of a chain.

Belongs here: which period may be closed, reopened or previewed next, and the refusal in words. Does not
belong: computing, writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.books.store import (
    Batch,
    BooksError,
    batches,
    canonical,
    next_period,
    period_name,
    previous_period,
    write_aside,
)

SOFT = ".soft"


class PeriodSealedError(BooksError):
    """The period is sealed; it takes nothing until it is reopened with a reason."""


class PredecessorOpenError(BooksError):
    """The month before is not sealed."""


class NotReopenableError(BooksError):
    """The period cannot be reopened, or the reopening lacks its reason or approver."""


@dataclass(frozen=True)
class PeriodState:
    """What has happened to a period: ``open``, ``soft``, ``sealed`` or ``reopened``."""

    period: date
    state: str
    batch_ids: tuple[str, ...] = ()
    reason: str = ""


def of_period(chain: Sequence[Batch], period: date) -> list[Batch]:
    return [batch for batch in chain if batch.period == period]


def state_of(chain: Sequence[Batch], period: date, *, is_soft: bool = False) -> PeriodState:
    """The state of one period, from the last act on it."""
    acts = of_period(chain, period)
    ids = tuple(batch.batch_id for batch in acts)
    if not acts:
        return PeriodState(period, "soft" if is_soft else "open")
    last = acts[-1]
    if last.kind == "reopen":
        return PeriodState(period, "reopened", ids, str(last.manifest["reason"]))
    return PeriodState(period, "sealed", ids, str(last.manifest["reason"]))


def states(root: Path, through: date | None = None) -> list[PeriodState]:
    """Every period from the first batch up to ``through`` (default: the month after the last)."""
    chain = batches(root)
    if not chain:
        return [state_of(chain, through, is_soft=is_soft(root, through))] if through else []
    period = min(batch.period for batch in chain)
    last = through or next_period(max(batch.period for batch in chain))
    found = []
    while period <= last:
        found.append(state_of(chain, period, is_soft=is_soft(root, period)))
        period = next_period(period)
    return found


def next_to_close(chain: Sequence[Batch]) -> date | None:
    """The period that a close may take now; None while the books are empty."""
    if not chain:
        return None
    last = max(batch.period for batch in chain)
    return last if state_of(chain, last).state == "reopened" else next_period(last)


def closing_refusal(chain: Sequence[Batch], period: date) -> BooksError | None:
    """Why a period cannot be closed now; None when it can."""
    name = period_name(period)
    if not chain:
        return None
    state = state_of(chain, period)
    if state.state == "sealed":
        return PeriodSealedError(
            f"{name} is sealed by batch {state.batch_ids[-1]}: reopen it with a reason, or let the "
            f"difference post in {period_name(next_to_close(chain) or next_period(period))}"
        )
    first = min(batch.period for batch in chain)
    if period < first:
        return PeriodSealedError(
            f"{name} lies before the books, which open with {period_name(first)}: "
            f"its differences post in the open period with their own month as economic period"
        )
    before = previous_period(period)
    if before >= first and state_of(chain, before).state != "sealed":
        return PredecessorOpenError(
            f"{name} cannot close: {period_name(before)} is "
            f"{state_of(chain, before).state}; close it first"
        )
    return None


def reopening_refusal(
    chain: Sequence[Batch], period: date, reason: str, prepared_by: str, approved_by: str
) -> BooksError | None:
    """Why a period cannot be reopened; None when it can."""
    name = period_name(period)
    acts = of_period(chain, period)
    if not acts or acts[-1].kind == "reopen":
        return NotReopenableError(f"{name} is not sealed, so there is nothing to reopen")
    if acts[-1].kind == "opening":
        return NotReopenableError(
            f"{name} holds the opening balances: correct them in the first open period"
        )
    later = sorted({batch.period for batch in chain if batch.period > period})
    if later:
        return NotReopenableError(
            f"{name} is followed by {period_name(later[-1])}: a later month rests on it, so "
            f"the difference posts in {period_name(next_to_close(chain) or later[-1])}"
        )
    if not reason.strip():
        return NotReopenableError(f"reopening {name} needs a reason")
    if not approved_by.strip() or approved_by == prepared_by:
        return NotReopenableError(
            f"reopening {name} needs an approver other than {prepared_by or 'the preparer'}"
        )
    return None


def mark_soft(root: Path, period: date, document: dict[str, object]) -> Path:
    """Record a soft close: what would post and who looked. Not part of the chain: it can be redone."""
    folder = root / SOFT
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{period_name(period)}.json"
    write_aside(path, canonical(document))
    return path


def is_soft(root: Path, period: date) -> bool:
    return (root / SOFT / f"{period_name(period)}.json").exists()
