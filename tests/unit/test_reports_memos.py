"""What a memo prints that is decided in Python: price lines, judgements and the name of the file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from orchestration.reports.figures import ReportError
from orchestration.reports.memos import (
    about,
    file_name,
    judgements,
    price_lines,
    standing_lines,
    why_distinct,
    write_memos,
)
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


def test_a_contract_on_hold_shows_what_its_orders_state_and_that_nothing_is_allocated():
    hold = {"hold_reason": "VERSIONS_OVERLAP", "held_minor": 365, "description": "Two on one day"}
    assert [amount for _, amount in price_lines(found(holds=[hold]))] == [365, -365, 0]
    # An item without a price is counted once, though its contract is listed too.
    hold = {"hold_reason": "OBLIGATION_WITHOUT_SSP", "held_minor": 50, "description": None}
    priced = found(allocations=[allocation(700, 700), allocation(50, None)], holds=[hold])
    assert [amount for _, amount in price_lines(priced)] == [750, -50, 700]


def test_a_reason_code_is_said_in_words_with_the_code_beside_it():
    hold = {"hold_reason": "VERSIONS_OVERLAP", "held_minor": 1, "description": "Two on one day"}
    version = {
        "version_no": 1,
        "order_id": "a",
        "modification_method": "none",
        "modification_reason": "first order",
        "hold_reason": "VERSIONS_OVERLAP",
    }
    made = judgements(found(versions=[version], holds=[hold]))
    assert made[1]["reason"] == "Two on one day (VERSIONS_OVERLAP)"


def standing(price: int, recognised: int, usage: int = 0) -> dict[str, Any]:
    return {"price_minor": price, "recognised_minor": recognised, "usage_minor": usage}


def test_the_price_known_at_the_cut_off_is_explained_line_by_line():
    lines = standing_lines(
        found(
            allocations=[allocation(1000, 1000)],
            changes=[
                {"modification_method": "prospective", "amount_minor": 200},
                # In the adjustments already, and a separate contract's own.
                {"modification_method": "catch_up", "amount_minor": 30},
            ],
            adjustments=[
                {"kind": "catch_up", "is_usage": False, "amount_minor": 30},
                {"kind": "bonus", "is_usage": False, "amount_minor": 50},
                {"kind": "sla_credit", "is_usage": False, "amount_minor": -5},
                {"kind": "credit_note", "is_usage": False, "amount_minor": -100},
                {"kind": "credit_note", "is_usage": True, "amount_minor": -7},
            ],
            # 1,000 + 230 + 45 - 107 + usage of 77 before its credit
            standing=[standing(1245, 900, usage=70)],
            obligations=[{"terminated_date": None}],
        )
    )
    assert dict(lines) == {
        "Fixed price allocated": 1000,
        "Changed by later orders": 230,
        "Estimates of variable consideration": 45,
        "Taken back by documents": -107,
        "Usage, as it was rated": 77,
        "Price known at the cut-off": 1245,
        "of it recognised to date": 900,
        "of it still to be recognised": 345,
    }


def test_what_a_termination_ends_is_a_line_of_its_own():
    lines = standing_lines(
        found(
            allocations=[allocation(1000, 1000)],
            standing=[standing(400, 400)],
            obligations=[{"terminated_date": "2026-03-01"}],
        )
    )
    assert ("Ended by the termination", -600) in lines


def test_an_estimate_says_what_it_is_about():
    row = {"obligation_ids": None, "days_from": None, "days_to": None, "is_satisfied": False}
    assert about(row) == "the whole contract"
    row |= {"obligation_ids": "a|b", "days_from": "2026-03-15", "days_to": "2026-03-16"}
    assert about(row) == "a, b; 2026-03-15 to before 2026-03-16"
    assert about({**row, "is_satisfied": True}).endswith("what is satisfied already")


def test_a_set_up_fee_is_not_called_distinct():
    fee = {"price_share": "joined", "joins_sku": "SEAT", "joins_over": "contract", "pattern": "x"}
    assert why_distinct(fee)[0].startswith("Not distinct") and "SEAT" in why_distinct(fee)[0]
    assert "renewals" in why_distinct({**fee, "joins_over": "renewals"})[0]
    assert "55-50" in why_distinct(fee)[1]
    own = {**fee, "price_share": "own", "pattern": "ratable_daily"}
    assert why_distinct(own)[0].startswith("A series")
