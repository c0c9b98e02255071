"""What a memo prints that is decided in Python: price lines, judgements and the name of the file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from orchestration.reports.figures import ReportError
from orchestration.reports.memos import file_name, judgements, price_lines, write_memos
from tests.unit.small_books import settings_at


def found(**sections: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return defaultdict(list, sections)


def allocation(stated: int, allocated: int | None, discount: int = 0) -> dict[str, Any]:
    return {
        "obligation_id": "o",
        "stated_price_minor": stated,
        "allocated_minor": allocated,
        "discount_minor": discount,
        "hold_reason": None if allocated is not None else "OBLIGATION_WITHOUT_SSP",
        "ssp_source": "price list study 2025",
    }


def test_the_price_shows_what_is_discounted_and_what_is_held():
    lines = price_lines(
        found(allocations=[allocation(700, 590, -10), allocation(300, 400), allocation(50, None)])
    )
    assert [amount for _, amount in lines] == [1050, -10, -50, 990]


def test_a_combination_shows_what_moved_between_its_contracts():
    lines = price_lines(
        found(
            allocations=[allocation(700, 600)],
            combinations=[{"combined_id": "c", "partner_count": 1}],
        )
    )
    assert [amount for _, amount in lines] == [700, -100, 600]


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("first order", "rule"),
        ("rule: a new term at its own price", "rule"),
        ("stated on the order", "person"),
        ("termination order", "person"),
    ],
)
def test_a_judgement_says_whether_a_rule_or_a_person_took_it(reason: str, by: str):
    version = {
        "version_no": 2,
        "order_id": "a",
        "modification_method": "catch_up",
        "modification_reason": reason,
        "hold_reason": None,
    }
    (made,) = judgements(found(versions=[version]))
    assert (made["by"], made["reason"]) == (by, reason)


def test_a_hold_and_a_price_study_are_judgements():
    made = judgements(found(allocations=[allocation(50, None)]))
    assert [(row["by"], row["reason"]) for row in made] == [
        ("rule", "OBLIGATION_WITHOUT_SSP"),
        ("person", "price list study 2025"),
    ]


def test_an_id_cannot_leave_the_folder():
    assert file_name("../a b") == "..%2Fa%20b.html"


def test_without_a_warehouse_it_says_what_to_run(tmp_path: Path):
    with pytest.raises(ReportError, match="tieout build"):
        write_memos(settings_at(tmp_path))
