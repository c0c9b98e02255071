"""The register: complete, consistent, and the one source of suites, checks and the matrix."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from expectations.register import (
    REGISTER,
    Control,
    RegisterError,
    check_specs,
    load_register,
    parse_register,
    select,
)

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
HANDOFFS = {
    "rec_orders_to_billing",
    "rec_usage_to_invoices",
    "rec_invoices_to_cash",
    "rec_payouts_to_bank",
    "rec_ledger_to_gl",
}


def reason_codes() -> list[dict[str, str]]:
    with (SEEDS / "reason_codes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def entry(**changes: object) -> str:
    written = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))[0]
    return yaml.safe_dump([{**written, **changes}])


def test_there_are_at_least_twelve_controls_over_each_stage_and_every_handoff():
    register = load_register()
    assert len(register) >= 16
    assert {control.stage for control in register} == {"evidence", "books"}
    assert HANDOFFS.issubset(control.model for control in register)


def test_every_planted_defect_has_a_control_that_it_trips():
    tripping = {code for control in load_register() for code in control.tripped_by.reason_codes}
    defects = {row["reason_code"] for row in reason_codes() if row["is_defect"] == "true"}
    assert defects - tripping == set()


def test_every_reason_code_in_the_register_exists():
    known = {row["reason_code"] for row in reason_codes()}
    named = {code for control in load_register() for code in control.tripped_by.reason_codes}
    assert named - known == set()


def test_owners_are_roles_that_also_own_exceptions():
    roles = {row["owner_role"] for row in reason_codes()} | {"Revenue accounting"}
    assert {control.owner_role for control in load_register()} <= roles


def test_a_control_that_ordinary_exceptions_trip_never_blocks():
    # Planted defects are what people work through; stopping on them would stop every day.
    blocking = [control for control in load_register() if control.blocking]
    assert blocking
    assert all(control.tripped_by.fault for control in blocking)


def test_suites_checks_and_register_are_the_same_set():
    from expectations.suites import suite

    ids = [control.id for control in load_register()]
    assert [spec.control_id for spec in check_specs()] == ids
    assert [suite(control).name for control in load_register()] == ids


@pytest.mark.parametrize("control", load_register(), ids=lambda control: control.id)
def test_a_suite_says_what_its_control_is_for(control: Control):
    from expectations.suites import suite

    made = suite(control)
    text = str(made.notes)
    for said in (control.id, control.objective, control.severity, control.threshold):
        assert said in text
    assert {str(one.severity.value) for one in made.expectations} == {control.severity}


def test_severity_becomes_error_or_warn_and_names_fit_dagster():
    for spec, control in zip(check_specs(), load_register(), strict=True):
        assert spec.severity == {"critical": "ERROR", "warning": "WARN"}[control.severity]
        assert spec.blocking is control.blocking
        assert spec.name.replace("_", "").isalnum()


def test_thresholds_and_reason_codes_are_written_once_and_filled_in():
    (material,) = select(ids=["CTL-BK-25"])
    assert material.threshold == "at most 10,000 whole units of the currency a row"
    assert material.expectations()[0]["max_value"] == 10_000
    (payouts,) = select(ids=["CTL-BK-21"])
    assert payouts.expectations()[0]["value_set"] == list(payouts.tripped_by.reason_codes)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"blocking": True, "severity": "warning"}, "a blocking control is critical"),
        ({"id": "CTL-BK-01"}, "starts CTL-EV-"),
        ({"id": "control one"}, "String should match pattern"),
        ({"query": "select 1"}, "either query or collect"),
        ({"tripped_by": {}}, "either reason_codes or fault"),
        ({"source": ""}, "names its source"),
        ({"assertion": "beauty"}, "Input should be"),
        ({"expect": []}, "at least 1 item"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_an_entry_that_cannot_stand_is_refused_by_name(changes: dict[str, object], complaint: str):
    with pytest.raises(RegisterError, match=complaint):
        parse_register(entry(**changes))


def test_an_id_is_written_once():
    with pytest.raises(RegisterError, match="CTL-EV-01 is written twice"):
        parse_register(entry() + entry())


def test_asking_for_a_control_nobody_wrote_names_it():
    with pytest.raises(RegisterError, match="no control CTL-XX-99"):
        select(ids=["CTL-XX-99", "CTL-EV-01"])
