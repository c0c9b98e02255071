"""The summary: figures from the marts, currencies apart, the same bytes for the same marts."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from expectations.pages import cell, major, words
from expectations.results import latest
from expectations.runner import run_controls
from orchestration.publish import publish
from orchestration.reports import figures, pictures
from orchestration.reports.figures import Cell, ReportError
from orchestration.reports.summary import write_summary, write_waterfall
from orchestration.settings import Settings
from tests.unit.small_books import change, plant_exception, settings_at, write_books

EXPONENTS = {"USD": 2, "GBP": 2, "JPY": 0}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_at(tmp_path)
    write_books(made)
    publish(made)
    return made


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("minor", "exponent", "shown"),
    [
        (123456, 2, "1,234.56"),
        (-5, 2, "−0.05"),
        (0, 2, "0.00"),
        (1234567, 0, "1,234,567"),
        (1, 3, "0.001"),
        (-1234567, 3, "−1,234.567"),
    ],
)
def test_money_is_printed_with_the_decimals_of_its_currency(minor: int, exponent: int, shown: str):
    assert major(minor, exponent) == shown


def test_cells_say_what_they_hold():
    assert [cell(value) for value in (None, True, 1234567, date(2026, 1, 5))] == [
        "—",
        "yes",
        "1,234,567",
        "2026-01-05",
    ]
    assert words("open_items_minor") == "open items (minor units)"


def test_the_page_shows_each_handoff_with_what_matched_and_what_is_open(settings: Settings):
    text = text_of(write_summary(settings))
    for title in list(figures.HANDOFFS.values())[:5]:
        assert title in text
    # Invoices to cash: 1,000.00 left, 600.00 matched, 400.00 timing, nothing excepted, 600.00 right.
    assert "US01 USD 1,000.00 600.00 400.00 0.00 600.00 0.00" in text
    assert "everything ties" in text
    assert "The controls have not run" in text


def test_an_unexplained_amount_is_not_called_tied(settings: Settings):
    change(settings, "update marts.rpt_reconciliation_summary set unexplained_minor = 7")
    publish(settings)
    text = text_of(write_summary(settings))
    # Five handoffs, 7 minor units each.
    assert "35 minor units unexplained" in text
    assert "everything ties" not in text


def test_exceptions_are_summed_by_reason_and_by_currency_apart(settings: Settings):
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    change(
        settings,
        "create or replace table marts.rpt_exceptions as "
        "select * from reconciliation.rec_exceptions",
    )
    change(
        settings,
        "insert into marts.rpt_exceptions by name select * replace ('GBP' as currency, "
        "-250 as difference_minor) from reconciliation.rec_exceptions where rec_id = 'planted' "
        "limit 1",
    )
    publish(settings)
    with figures.marts(settings) as connection:
        first, second = figures.exceptions(connection)
    # Two of 15,000.00 in dollars and one of 2.50 in pounds, whichever way it points.
    assert first["reason_code"] == "PAYOUT_NOT_IN_BANK"
    assert first["exception_count"] == 3
    assert sorted(first["amounts"]) == [("GBP", 250), ("USD", 3_000_000)]
    assert second["reason_code"] == "INVOICE_OPEN_NOT_DUE"


def test_the_rollforward_over_all_months_opens_first_and_closes_last():
    def month(opening: int, billed: int, recognised: int) -> dict[str, int]:
        moved = dict.fromkeys((f"{name}_minor" for name in figures.ROLLFORWARD), 0)
        closing = opening + billed + recognised
        return moved | {
            "opening_minor": opening,
            "billed_minor": billed,
            "recognised_minor": recognised,
            "closing_minor": closing,
            "unbilled_closing_minor": 9,
        }

    # 50 + 100 - 30 = 120; 120 + 10 - 60 = 70.
    total = figures.whole_history([month(50, 100, -30), month(120, 10, -60)])
    assert (total["opening_minor"], total["billed_minor"], total["recognised_minor"]) == (
        50,
        110,
        -90,
    )
    assert total["closing_minor"] == 50 + 110 - 90
    assert total["unbilled_closing_minor"] == 9


def test_the_waterfall_keeps_currencies_and_scheduled_months_apart(settings: Settings):
    with figures.marts(settings) as connection:
        cells = figures.waterfall(connection)
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    assert cells == [
        Cell("USD", january, january, True, 60000),
        Cell("USD", january, february, False, 40000),
    ]


def test_pictures_and_page_have_the_same_bytes_every_time(settings: Settings):
    run_controls(settings, "books")
    first = write_summary(settings).read_bytes()
    picture = (settings.reports / "waterfall.png").read_bytes()
    assert write_summary(settings).read_bytes() == first
    assert (settings.reports / "waterfall.png").read_bytes() == picture
    assert picture.startswith(b"\x89PNG")
    for metadata in (b"tEXt", b"tIME", b"Software"):
        assert metadata not in picture


def test_losses_zero_decimals_and_an_empty_waterfall_can_be_drawn(tmp_path: Path):
    january = date(2026, 1, 1)
    cells = [
        Cell("JPY", january, january, True, 5000),
        Cell("JPY", january, date(2026, 2, 1), True, -700),
        Cell("USD", january, january, True, 100),
    ]
    drawn = pictures.waterfall_picture(cells, date(2026, 3, 1), EXPONENTS)
    empty = pictures.waterfall_picture([], date(2026, 3, 1), EXPONENTS)
    assert drawn != empty
    assert all(picture.startswith(b"\x89PNG") for picture in (drawn, empty))


def test_the_waterfall_can_be_written_where_a_document_wants_it(settings: Settings, tmp_path: Path):
    wanted = tmp_path / "pictures" / "waterfall.png"
    assert write_waterfall(settings, wanted) == wanted
    assert wanted.exists()


def test_control_results_are_linked_from_the_page(settings: Settings):
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    run_controls(settings, "books")
    page = write_summary(settings).read_text(encoding="utf-8")
    run, results = latest(settings)
    assert run is not None
    assert f"../controls/{run.run_id}/{results['CTL-BK-21'].page}" in page
    assert "1 of 1 row failing" in page


def test_the_score_is_shown_where_the_truth_is_at_hand(settings: Settings):
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    settings.sandbox_dir.mkdir(parents=True)
    defects = [
        {"reason_code": "PAYOUT_NOT_IN_BANK", "ref": "planted:left", "period": "2026-01-01"},
        {"reason_code": "BILLED_TWICE", "ref": "never raised", "period": None},
    ]
    (settings.sandbox_dir / "truth.json").write_text(json.dumps({"defects": defects}))
    text = text_of(write_summary(settings))
    assert "PAYOUT_NOT_IN_BANK 1 1 1 1.00 1.00" in text
    assert "BILLED_TWICE 1 0 0 0.00 1.00" in text
    assert "1 / 2 planted defects found" in text


def test_names_from_the_sources_are_text_and_never_markup(settings: Settings):
    change(settings, "update marts.dim_entities set entity_name = '<script>alert(1)</script>'")
    publish(settings)
    page = write_summary(settings).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_report_before_anything_is_published_says_what_to_run(tmp_path: Path):
    with pytest.raises(ReportError, match="run `tieout publish` first"):
        write_summary(settings_at(tmp_path))
