"""The checklist of a close: its steps, who owns each, when it is due, and what stands in its way.

Belongs here: the steps and their status as pure functions of facts that the caller gathers. Does not belong:
gathering the facts, and any clock: the caller says what day it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orchestration.books.store import BooksError, next_period


@dataclass(frozen=True)
class Step:
    """A step: ``due_day`` counts business days after the month; ``needs`` names steps before it."""

    step_id: str
    title: str
    owner_role: str
    due_day: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """What is known of a step: whether it is done, in words, and what blocks it from outside."""

    is_done: bool
    detail: str = ""
    blockers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistLine:
    """A step of one period with its status: ``done``, ``blocked``, ``ready``; late or not."""

    step: Step
    status: str
    due_date: date
    is_late: bool
    detail: str
    blocked_by: tuple[str, ...]


STEPS = (
    Step("evidence", "Evidence pulled to the cut-off", "Data engineering", 1),
    Step("models", "Books computed as of the cut-off", "Data engineering", 1, ("evidence",)),
    Step("controls", "Blocking controls pass", "Controller", 2, ("models",)),
    Step("exceptions", "High exceptions have an owner", "Billing operations", 3, ("models",)),
    Step("soft_close", "Preview of the postings read", "Revenue accounting", 3, ("controls",)),
    Step("prior_period", "Prior-period amounts approved", "Controller", 4, ("soft_close",)),
    Step("flux", "Movements above threshold asked for", "Revenue accounting", 4, ("soft_close",)),
    Step(
        "seal",
        "Difference posted and period sealed",
        "Controller",
        5,
        ("controls", "exceptions", "prior_period", "flux"),
    ),
    Step("packet", "Close packet made", "Revenue accounting", 5, ("seal",)),
    Step("publish", "Marts published", "Data engineering", 5, ("seal",)),
    Step("export", "Journal exported to the ERP", "Revenue accounting", 5, ("seal",)),
    Step("sign_off", "Packet signed off", "CFO", 6, ("packet", "publish", "export")),
)


def business_day(period: date, number: int) -> date:
    """The n-th weekday after the month ends; holidays are for the calendar of the entity."""
    day = next_period(period) - timedelta(days=1)
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def checklist(
    period: date,
    facts: Mapping[str, Fact],
    *,
    today: date | None = None,
    steps: Sequence[Step] = STEPS,
) -> list[ChecklistLine]:
    """Every step of a period with its status. Errors: BooksError for a fact about no step."""
    known = {step.step_id: step for step in steps}
    strays = sorted(set(facts) - set(known))
    if strays:
        raise BooksError(f"no step of the close is called {', '.join(strays)}")
    nothing = Fact(False)
    done = {step_id for step_id in known if facts.get(step_id, nothing).is_done}
    lines = []
    for step in steps:
        fact = facts.get(step.step_id, nothing)
        open_needs = tuple(f"{known[need].title}" for need in step.needs if need not in done)
        due = business_day(period, step.due_day)
        blocked_by = () if fact.is_done else (*fact.blockers, *open_needs)
        status = "done" if fact.is_done else "blocked" if blocked_by else "ready"
        is_late = not fact.is_done and today is not None and today > due
        lines.append(ChecklistLine(step, status, due, is_late, fact.detail, blocked_by))
    return lines


def blocking(lines: Sequence[ChecklistLine], step_id: str = "seal") -> list[str]:
    """Exactly what keeps a step from happening: every open step it rests on, to the root."""
    by_id = {line.step.step_id: line for line in lines}
    found: dict[str, None] = {}

    def visit(line: ChecklistLine) -> None:
        for need in line.step.needs:
            before = by_id[need]
            if before.status == "done":
                continue
            visit(before)
            reasons = [
                reason
                for reason in before.blocked_by
                if reason not in {by_id[other].step.title for other in before.step.needs}
            ]
            for reason in reasons or [before.detail or "not done"]:
                found[f"{before.step.title} ({before.step.owner_role}): {reason}"] = None

    target = by_id[step_id]
    visit(target)
    needs = {by_id[need].step.title for need in target.step.needs}
    for reason in target.blocked_by:
        if reason not in needs:
            found[f"{target.step.title} ({target.step.owner_role}): {reason}"] = None
    return list(found)
