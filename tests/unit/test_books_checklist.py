"""The checklist of a close: due days, what is ready, and exactly what blocks the seal."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.books.checklist import STEPS, Fact, blocking, business_day, checklist
from orchestration.books.store import BooksError

MARCH = date(2026, 3, 1)
DONE = Fact(True)


def status(facts: dict[str, Fact]) -> dict[str, str]:
    return {line.step.step_id: line.status for line in checklist(MARCH, facts)}


def test_due_days_are_weekdays_after_the_month():
    # 31 March 2026 is a Tuesday: the next weekdays are 1, 2, 3 April, then Monday the 6th.
    assert [business_day(MARCH, number) for number in (1, 3, 4)] == [
        date(2026, 4, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
    ]


def test_a_new_period_is_ready_for_its_evidence_and_nothing_else():
    assert [step for step, what in status({}).items() if what == "ready"] == ["evidence"]


def test_a_step_is_ready_when_what_it_needs_is_done():
    found = status({"evidence": DONE, "models": DONE})
    assert [step for step, what in found.items() if what == "ready"] == ["controls", "exceptions"]


def test_a_step_past_its_day_is_late_unless_done():
    lines = checklist(MARCH, {"evidence": DONE}, today=date(2026, 4, 2))
    assert {line.step.step_id for line in lines if line.is_late} == {"models"}


def test_the_blockers_of_the_seal_are_listed_to_their_root_with_their_owners():
    facts = {
        "evidence": DONE,
        "models": DONE,
        "controls": Fact(False, blockers=("CTL-BK-01 fails: 3 entries do not balance",)),
        "exceptions": Fact(False, "4 high exceptions without owner"),
        "flux": DONE,
        "seal": Fact(False, blockers=("2026-02 is open; close it first",)),
    }
    assert blocking(checklist(MARCH, facts)) == [
        "Blocking controls pass (Controller): CTL-BK-01 fails: 3 entries do not balance",
        "High exceptions have an owner (Billing operations): 4 high exceptions without owner",
        "Preview of the postings read (Revenue accounting): not done",
        "Prior-period amounts approved (Controller): not done",
        "Difference posted and period sealed (Controller): 2026-02 is open; close it first",
    ]


def test_nothing_blocks_when_every_step_before_is_done():
    facts = {step.step_id: DONE for step in STEPS if step.step_id not in {"seal", "sign_off"}}
    assert blocking(checklist(MARCH, facts)) == []


def test_a_fact_about_no_step_is_refused():
    with pytest.raises(BooksError, match="called sealing"):
        checklist(MARCH, {"sealing": DONE})


def test_every_need_is_a_step_that_comes_before():
    seen: set[str] = set()
    for step in STEPS:
        assert set(step.needs) <= seen
        seen.add(step.step_id)
