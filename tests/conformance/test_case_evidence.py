"""What a case becomes before the models see it: records of the vendors' shapes, rows of policy, no float.

The figures that come out are tested beside this file.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.conformance import CaseError, read_suite
from orchestration.conformance.records import Evidence, as_json
from orchestration.conformance.scratch import SEEDS, compile_suite, link_project
from orchestration.conformance.values import exponent
from orchestration.settings import DBT_PROJECT
from orchestration.sources.shapes import SHAPES

CASES = Path(__file__).parent / "cases"

RATED = """
format: 1
id: {id}
topic: tax-and-currency
title: A rate
source: {{cites: Example}}
contracts: [{{id: deal, orders: [{{id: order, signed: 2026-01-01}}]}}]
rates: [{{on: 2026-01-01, base: EUR, quote: USD, rate: {rate}}}]
expected: {{modifications: [{{order: order, method: separate}}]}}
"""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return compile_suite(read_suite(CASES))


def test_every_record_of_the_cases_passes_the_types_frozen_at_the_door(evidence: Evidence):
    problems = {
        f"{source}.{name}: {problem}"
        for source, name, body in evidence.bodies()
        if (problem := SHAPES[source, name].problem(body))
    }
    assert not problems


def test_stripe_records_carry_no_field_that_the_vendor_does_not_have(evidence: Evidence):
    unknown = {
        f"{name}.{field}"
        for source, name, body in evidence.bodies()
        if source == "stripe"
        for field in SHAPES[source, name].new_fields(body)
    }
    assert not unknown


def test_ids_of_different_cases_never_meet(evidence: Evidence):
    owners: dict[str, set[str]] = {}
    cases = {case.id for case in read_suite(CASES).cases}
    for _, name, body in evidence.bodies():
        key = str(body.get("Id") or body["id"])
        owner = next(case for case in cases if f"{case}__" in key)
        owners.setdefault(f"{name}:{key}", set()).add(owner)
    assert all(len(found) == 1 for found in owners.values())


def test_an_amount_reaches_its_record_digit_by_digit():
    assert as_json({"TotalPrice": Decimal("12345678901234567.89")}) == (
        '{"TotalPrice":12345678901234567.89}'
    )
    assert as_json([Decimal("0.0000004"), None, True]) == "[0.0000004,null,true]"


def test_policy_rows_of_cases_come_after_the_repository_s_own(evidence: Evidence, tmp_path: Path):
    link_project(tmp_path / "project", evidence.policy)
    with (tmp_path / "project" / SEEDS / "entities.csv").open() as file:
        found = [row["entity_id"] for row in csv.DictReader(file)]
    assert found[0] == "US01" and "S01__MAIN" in found
    assert (tmp_path / "project" / "models").resolve().is_dir()


def test_two_cases_that_contradict_each_other_on_a_rate_are_refused(tmp_path: Path):
    (tmp_path / "one.yml").write_text(RATED.format(id="one", rate="1.20"))
    (tmp_path / "two.yml").write_text(RATED.format(id="two", rate="1.10"))
    with pytest.raises(CaseError, match="one and two give different rates for EUR in USD"):
        compile_suite(read_suite(tmp_path))


def test_minor_units_are_those_of_the_currency_seed():
    with (DBT_PROJECT / SEEDS / "currencies.csv").open() as file:
        for row in csv.DictReader(file):
            assert exponent(row["currency"]) == int(row["exponent"]), row["currency"]
