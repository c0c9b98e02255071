"""Each control passes over books that tie and fails over the fault it is there for."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.frames import ControlError
from expectations.register import load_register, select
from expectations.results import ControlResult, latest
from expectations.runner import control_run, run_controls
from orchestration.landing import Refusal
from orchestration.settings import Settings
from tests.unit.small_books import (
    change,
    plant_exception,
    settings_at,
    sum_up_again,
    write_books,
)
from tests.unit.small_landing import (
    DAY_2,
    DAY_3,
    dropped,
    fail_pull,
    land_typed,
    line,
    refuse,
    statement,
    write_landing,
)

HANDOFF_OF = {
    "CTL-BK-01": "orders_to_billing",
    "CTL-BK-02": "usage_to_invoices",
    "CTL-BK-03": "invoices_to_cash",
    "CTL-BK-04": "payouts_to_bank",
    "CTL-BK-05": "ledger_to_gl",
}
LOST_ROW = "delete from reconciliation.rec_{} where status = 'matched'"
SQL_FAULTS = {control: LOST_ROW.format(name) for control, name in HANDOFF_OF.items()} | {
    "CTL-BK-06": "update reconciliation.rec_chain set unexplained_minor = 1",
    "CTL-BK-07": "delete from ledger.ledger_entry_lines where account_code = '4050'",
    "CTL-BK-08": "update ledger.trial_balance set debit_minor = 60001 where account_code = '1050'",
    "CTL-BK-09": (
        "update revenue.revenue_schedule set recognised_minor = recognised_minor + 1 "
        "where obligation_id = 'A' and is_actual"
    ),
    "CTL-BK-10": (
        "update pricing.price_allocations set allocated_minor = allocated_minor + 1 "
        "where obligation_id = 'B'"
    ),
    "CTL-BK-11": "update ledger.deferred_revenue_rollforward set closing_minor = 40001",
    "CTL-BK-12": "delete from receivables.ar_open_items",
    "CTL-BK-13": "update revenue.revenue_waterfall set amount_minor = 1 where stream = 'services'",
    # Recognised beyond what was billed and not shown as unbilled: 2100 is 20.00 in debit.
    "CTL-BK-14": (
        "update ledger.ledger_entry_lines set amount_minor = 82000 where entry_key = 'revenue:A' "
        "and account_code = '2100'"
    ),
    "CTL-BK-15": "delete from marts.rpt_ar_ageing",
    "CTL-BK-34": "update cash.receipt_balances set unapplied_minor = 1",
    "CTL-BK-33": (
        "update ledger.intercompany_eliminations set difference_minor = 1 where eliminated = 'result'"
    ),
    "CTL-BK-16": "update reconciliation.rec_exceptions set owner_role = null",
    "CTL-BK-41": "delete from ledger.consolidated_trial_balance where component = 'US01'",
    "CTL-BK-42": (
        "insert into ledger.missing_rates values ('US01', 'EUR', 'USD', date '2026-01-05', "
        "'document', 'invoice:in_1', 2, 300, 'no rate of EUR in USD on 2026-01-05')"
    ),
    "CTL-BK-43": "delete from ledger.balance_rollforward where movement = 'received'",
    "CTL-BK-28": "update staging.stg_bank__statements set closing_minor = 58001",
    "CTL-BK-29": (
        "update staging.stg_erp__trial_balances set closing_minor = closing_minor + 1 "
        "where account_code = '1100' and period = date '2026-01-01'"
    ),
    "CTL-BK-30": (
        "update staging.stg_erp__trial_balances set opening_minor = 1 "
        "where account_code = '1100' and period = date '2026-01-01'"
    ),
    "CTL-BK-31": "update ledger.deferred_revenue_rollforward set unbilled_closing_minor = 1",
    "CTL-BK-32": "delete from reconciliation.rec_payouts_to_bank where status = 'timing'",
}


def flip_a_byte(settings: Settings) -> None:
    part = sorted(settings.landing.glob("stripe/invoice/*/part-*.parquet"))[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


def count_one_more(settings: Settings) -> None:
    path = sorted(settings.landing.glob("stripe/invoice/*/_manifest.json"))[0]
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"rows": manifest["rows"] + 1}))


EVIDENCE_FAULTS: dict[str, Callable[[Settings], None]] = {
    "CTL-EV-01": flip_a_byte,
    "CTL-EV-02": count_one_more,
    "CTL-EV-03": lambda settings: shutil.rmtree(settings.landing / "bank" / "transaction"),
    # Day 2 closed at 70.00; the next statement that arrived opens at 90.00.
    "CTL-EV-05": lambda settings: land_typed(
        settings, "bank", "statement", [statement(DAY_3, 9000, 9000)]
    ),
    # The balance moves by 10.00, the line says 10.01.
    "CTL-EV-06": lambda settings: (
        land_typed(settings, "bank", "statement", [statement(DAY_3, 7000, 8000)]),
        land_typed(settings, "bank", "transaction", [line(DAY_3, 1001)]),
    )[0],
}


def bank_file(settings: Settings, status: str, code: str) -> None:
    name = f"{code.lower()}.bai2"
    drop = dropped("bank", name, DAY_3, 0, status=status, reason_code=code, reason="see the code")
    land_typed(settings, "bank", "statement", [], [drop])


EVIDENCE_DEFECTS: dict[str, Callable[[Settings], None]] = {
    "SOURCE_UNAVAILABLE": fail_pull,
    "RECORD_QUARANTINED": lambda settings: refuse(
        settings, "salesforce", "order", Refusal("RECORD_QUARANTINED", "TotalAmount is text", "801")
    ),
    "METERING_DAY_EMPTY": lambda settings: land_typed(
        settings, "metering", "usage_event", [], [dropped("metering", "usage.parquet", DAY_3, 0)]
    ),
    "FILE_TRUNCATED": lambda settings: bank_file(settings, "quarantined", "FILE_TRUNCATED"),
    "FILE_CONTROL_TOTAL": lambda settings: bank_file(settings, "quarantined", "FILE_CONTROL_TOTAL"),
    "FILE_DUPLICATED": lambda settings: bank_file(settings, "duplicate", "FILE_DUPLICATED"),
}

# These two controls look at balances: the defect shows there, not in the list of exceptions.
BALANCE_DEFECTS = {
    "CTL-BK-26": (
        "insert into receivables.ar_ageing values ('US01', 'K2', 'USD', 'over_120', 6, 5000, 1)"
    ),
    "CTL-BK-27": (
        "insert into ledger.trial_balance values "
        "('US01', date '2026-01-01', '2350', 'USD', 0, 0, 700, -700)"
    ),
}
BY_EXCEPTION = [
    (control.id, code)
    for control in select("books")
    for code in control.tripped_by.reason_codes
    if control.id not in BALANCE_DEFECTS
]
BY_EVIDENCE = [
    (control.id, code) for control in select("evidence") for code in control.tripped_by.reason_codes
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_at(tmp_path)
    write_books(made)
    return made


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = settings_at(tmp_path_factory.mktemp("landed"))
    write_landing(made)
    return made


@pytest.fixture
def evidence(landed: Settings, tmp_path: Path) -> Settings:
    home = tmp_path / "evidence"
    shutil.copytree(landed.home, home)
    return settings_at(home)


def run_one(settings: Settings, control_id: str) -> ControlResult:
    (result,) = run_controls(settings, ids=[control_id])
    return result


def test_every_control_has_a_fault_or_a_defect_in_these_tests():
    faults = {control.id for control in load_register() if control.tripped_by.fault}
    assert faults == SQL_FAULTS.keys() | EVIDENCE_FAULTS.keys()
    assert {code for _, code in BY_EVIDENCE} == EVIDENCE_DEFECTS.keys()


def test_books_that_tie_pass_every_control(settings: Settings):
    results = run_controls(settings, "books")
    assert [result.control_id for result in results] == [c.id for c in select("books")]
    assert [result.control_id for result in results if not result.passed] == []


def test_sound_evidence_passes_every_control(evidence: Settings):
    results = run_controls(evidence, "evidence")
    assert [result.control_id for result in results] == [c.id for c in select("evidence")]
    assert [(r.control_id, r.observed) for r in results if not r.passed] == []


def test_the_summary_computed_again_over_all_rows_still_ties(settings: Settings):
    sum_up_again(settings)
    assert all(run_one(settings, control_id).passed for control_id in HANDOFF_OF)


@pytest.mark.parametrize("control_id", SQL_FAULTS)
def test_a_fault_in_the_books_trips_its_control(settings: Settings, control_id: str):
    change(settings, SQL_FAULTS[control_id])
    if control_id in HANDOFF_OF:
        sum_up_again(settings)
    result = run_one(settings, control_id)
    assert not result.passed
    assert result.failing_count >= 1


@pytest.mark.parametrize("control_id", EVIDENCE_FAULTS)
def test_a_fault_in_the_evidence_trips_its_control(evidence: Settings, control_id: str):
    EVIDENCE_FAULTS[control_id](evidence)
    result = run_one(evidence, control_id)
    assert not result.passed
    assert result.failing_count >= 1


@pytest.mark.parametrize(("control_id", "code"), BY_EVIDENCE)
def test_a_defect_in_the_evidence_trips_its_control(evidence: Settings, control_id: str, code: str):
    EVIDENCE_DEFECTS[code](evidence)
    result = run_one(evidence, control_id)
    assert not result.passed
    assert result.failing_count == 1


@pytest.mark.parametrize(("control_id", "code"), BY_EXCEPTION)
def test_an_exception_of_each_reason_trips_its_control(
    settings: Settings, control_id: str, code: str
):
    seeds = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "reason_codes.csv"
    with seeds.open(encoding="utf-8", newline="") as file:
        handoff = {row["reason_code"]: row["handoff"] for row in csv.DictReader(file)}[code]
    plant_exception(settings, handoff, code)
    result = run_one(settings, control_id)
    assert not result.passed
    assert [row["reason_code"] for row in result.failing_rows] == [code]


@pytest.mark.parametrize("control_id", BALANCE_DEFECTS)
def test_a_balance_left_by_a_defect_trips_its_control(settings: Settings, control_id: str):
    change(settings, BALANCE_DEFECTS[control_id])
    assert run_one(settings, control_id).failing_count == 1


def test_a_handoff_without_any_total_fails(settings: Settings):
    change(settings, "delete from reconciliation.rec_summary where handoff = 'payouts_to_bank'")
    result = run_one(settings, "CTL-BK-04")
    assert not result.passed
    assert result.observed == "table_row_count_to_be_between: 0"


def test_every_failing_row_can_be_read_though_the_page_shows_the_first(settings: Settings):
    for _ in range(203):
        plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    result = run_one(settings, "CTL-BK-21")
    assert result.failing_count == 203
    assert len(result.failing_rows) == 200
    folder = control_run(settings).folder
    with (folder / result.rows_file).open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 203


def test_a_control_that_cannot_be_read_fails_and_the_others_still_run(settings: Settings):
    change(settings, "drop table reconciliation.rec_chain")
    results = {result.control_id: result for result in run_controls(settings, "books")}
    assert not results["CTL-BK-06"].passed
    assert results["CTL-BK-06"].observed.startswith("could not read rec_chain: Catalog Error")
    assert [name for name, result in results.items() if not result.passed] == ["CTL-BK-06"]


def test_a_control_over_a_lost_column_fails_and_says_so(settings: Settings):
    change(settings, "alter table reconciliation.rec_exceptions drop owner_role")
    assert "owner_role" in run_one(settings, "CTL-BK-16").observed


def test_a_file_damaged_beyond_reading_is_named_by_the_control_over_files(evidence: Settings):
    part = sorted(evidence.landing.glob("stripe/invoice/*/part-*.parquet"))[0]
    part.write_bytes(b"not parquet any more")
    results = {result.control_id: result for result in run_controls(evidence, "evidence")}
    (row,) = results["CTL-EV-01"].failing_rows
    assert row["load_folder"].startswith("stripe/invoice/") and row["file"] == part.name
    assert not results["CTL-EV-02"].passed
    # Whatever could not be asked is not called sound.
    assert all(result.passed or result.observed for result in results.values())


def test_books_controls_ask_for_a_warehouse(tmp_path: Path):
    with pytest.raises(ControlError, match="run `tieout build` first"):
        run_controls(settings_at(tmp_path), "books")


def test_a_broken_manifest_is_named(evidence: Settings):
    path = sorted(evidence.landing.glob("fx/rate/*/_manifest.json"))[0]
    path.write_text("{")
    result = run_one(evidence, "CTL-EV-02")
    assert not result.passed
    assert "fx/rate/" in result.observed and "is not a readable manifest" in result.observed


def test_the_run_is_named_by_cut_off_and_evidence_and_holds_both_stages(evidence: Settings):
    write_books(evidence)
    before = control_run(evidence).run_id
    assert before.startswith("2026-02-01-")
    run_controls(evidence, "evidence")
    run_controls(evidence, "books")
    run, results = latest(evidence)
    assert run is not None and run.run_id == before
    assert list(results) == sorted(control.id for control in load_register())
    fail_pull(evidence)
    assert control_run(evidence).run_id == before, "a failed pull is no evidence"
    land_typed(evidence, "bank", "statement", [statement(DAY_3, 7000, 7000)])
    assert control_run(evidence).run_id != before


def test_running_again_gives_the_same_results_and_pages(settings: Settings):
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")

    def written() -> dict[str, bytes]:
        folder = control_run(settings).folder
        kept = [folder / "results.json", folder / "matrix.html", folder / "index.html"]
        kept += sorted(folder.glob("rows/*.csv"))
        return {str(path): path.read_bytes() for path in kept}

    run_controls(settings, "books")
    first = written()
    run_controls(settings, "books")
    assert written() == first


def test_rows_of_a_control_that_passes_again_are_gone(settings: Settings):
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    failed = run_one(settings, "CTL-BK-21")
    change(settings, "delete from reconciliation.rec_exceptions where rec_id = 'planted'")
    assert run_one(settings, "CTL-BK-21").passed
    assert not (control_run(settings).folder / failed.rows_file).exists()


def test_a_day_without_any_file_is_as_empty_as_an_empty_file(evidence: Settings):
    later = DAY_2.replace(day=9)
    land_typed(
        evidence, "metering", "usage_event", [], [dropped("metering", "usage.parquet", later, 1)]
    )
    result = run_one(evidence, "CTL-EV-07")
    # Between the 6th and the 9th two days are missing.
    assert [row["drop_day"] for row in result.failing_rows] == ["2026-01-07", "2026-01-08"]
