"""Scoring: recall and precision per reason code, counted by hand on a few exceptions."""

from __future__ import annotations

from pathlib import Path

from orchestration.score import Raised, ScoreLine, score, score_exceptions
from tests.unit.small_books import plant_exception, settings_at, write_books


def defect(code: str, ref: str, period: str | None = None) -> dict[str, str | None]:
    return {"reason_code": code, "ref": ref, "period": period}


def raised(code: str, *refs: str, period: str | None = None) -> Raised:
    return Raised(code, frozenset(refs), period)


def lines(exceptions: list[Raised], defects: list[dict[str, str | None]]) -> dict[str, ScoreLine]:
    return {line.reason_code: line for line in score_exceptions(exceptions, defects)}


def test_a_defect_is_found_by_its_reference_on_either_side():
    found = lines(
        [raised("BILLED_TWICE", "salesforce:order_item:1", "stripe:invoice_line:2")],
        [defect("BILLED_TWICE", "stripe:invoice_line:2")],
    )["BILLED_TWICE"]
    assert (found.planted, found.found, found.raised) == (1, 1, 1)
    assert (found.recall, found.precision) == (1, 1)


def test_recall_counts_what_was_missed_and_precision_what_was_invented():
    found = lines(
        [raised("SHORT_PAYMENT", "bank:1"), raised("SHORT_PAYMENT", "bank:9")],
        [defect("SHORT_PAYMENT", f"bank:{n}") for n in (1, 2, 3, 4)],
    )["SHORT_PAYMENT"]
    # One of four planted is found; one of two raised is true.
    assert (found.recall, found.precision) == (0.25, 0.5)
    assert found.missed == ("bank:2 in None", "bank:3 in None", "bank:4 in None")
    assert found.false == ("bank:9",)


def test_the_right_reference_under_another_reason_is_missed_and_false():
    found = lines([raised("BILLED_TWICE", "il_1")], [defect("BILLED_PRICE_MISMATCH", "il_1")])
    assert found["BILLED_PRICE_MISMATCH"].recall == 0
    assert found["BILLED_TWICE"].precision == 0


def test_an_order_item_not_billed_in_another_month_is_not_the_planted_one():
    planted = [defect("ORDER_NOT_BILLED", "salesforce:order_item:1", "2026-03-01")]
    other = raised("ORDER_NOT_BILLED", "salesforce:order_item:1", period="2026-04-01")
    same = raised("ORDER_NOT_BILLED", "salesforce:order_item:1", period="2026-03-01")
    assert lines([other], planted)["ORDER_NOT_BILLED"].recall == 0
    both = lines([other, same], planted)["ORDER_NOT_BILLED"]
    assert (both.recall, both.precision) == (1, 0.5)


def test_the_warehouse_is_scored_on_defects_only(tmp_path: Path):
    settings = settings_at(tmp_path)
    write_books(settings)
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    truth = {"defects": [defect("PAYOUT_NOT_IN_BANK", "planted:left", "2026-01-01")]}
    # The open invoice of the small books is no defect and raises no line.
    assert [
        (line.reason_code, line.recall, line.precision) for line in score(settings.warehouse, truth)
    ] == [("PAYOUT_NOT_IN_BANK", 1, 1)]
