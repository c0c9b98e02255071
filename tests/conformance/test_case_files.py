"""The published cases as files: each is readable, each oracle entry has one, and a slip is refused by name.

What the models make of them is not tested here.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from orchestration.conformance import CaseError, read_case, read_suite

HERE = Path(__file__).parent
CASES = HERE / "cases"
FILES = sorted(path for path in CASES.rglob("*.yml") if path.name != "suite.yml")

MINIMAL = """
format: 1
id: small
topic: recognition
title: The smallest case there is
source: {cites: Example}
products: [{id: seat, pattern: ratable_daily}]
contracts:
  - id: deal
    orders:
      - id: order
        signed: 2026-01-01
        items: [{id: month, product: seat, price: 31.00, service: {from: 2026-01-01, to: 2026-02-01}}]
expected: {revenue: [{item: month, in: {2026-01: 31.00}}]}
"""


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "case.yml"
    path.write_text(text)
    with pytest.raises(CaseError) as refused:
        read_case(path)
    assert str(refused.value).startswith(str(path))
    return str(refused.value)


def oracle_entries(shared: Path) -> dict[str, str]:
    """Reference of each entry of the oracle files → its id alone."""
    found = {}
    for path in sorted((shared / "oracles").iterdir()):
        text = path.read_text()
        entries = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        found |= {f"{path.name}#{entry['id']}": entry["id"] for entry in entries}
    return found


def test_all_cases_parse_in_one_suite():
    suite = read_suite(CASES)
    assert len(suite.cases) == len(FILES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_case_lies_under_its_topic_and_is_named_after_its_id(path: Path):
    case = read_case(path)
    assert (path.parent.name, path.stem) == (case.topic, case.id)


def test_every_oracle_entry_is_a_case_or_has_a_reason_not_to_be(shared_samples: Path):
    cited = [case.source.oracle for case in read_suite(CASES).cases if case.source.oracle]
    excused = yaml.safe_load((HERE / "not_revenue.yml").read_text())
    assert len(cited) == len(set(cited))
    assert not set(cited) & set(excused)
    assert {*cited, *excused} == set(oracle_entries(shared_samples))
    assert all(len(reason) > 20 for reason in excused.values())


def test_a_case_that_cites_an_oracle_entry_carries_its_id(shared_samples: Path):
    entries = oracle_entries(shared_samples)
    for case in read_suite(CASES).cases:
        if case.source.oracle:
            assert entries[case.source.oracle].split("_")[0] == case.id


# What the source calls an account, and what a case calls it. Recoverables and external assets are not ours: policy.
ACCOUNTS = {
    "Revenue": "revenue",
    "DeferredRevenue": "deferred_revenue",
    "Cash": "cash",
    "AccountsReceivable": "accounts_receivable",
    "UnbilledAccountsReceivable": "unbilled_receivable",
    "CustomerBalance": "customer_credit_balance",
    "Refunds": "refunds",
    "Voids": "voids",
    "BadDebt": "credit_loss_expense",
    "Disputes": "disputes",
    "CreditNotes": "credit_notes",
    "TaxLiability": "tax_payable",
    "FxLoss": "fx_gain_or_loss",
    "Fees": "processor_fees",
}


def test_published_entries_are_asserted_by_account_and_month_unless_our_policy_differs(
    shared_samples: Path,
):
    name = "stripe_revenue_recognition.json"
    entries = json.loads((shared_samples / "oracles" / name).read_text())
    cases = {case.source.oracle: case for case in read_suite(CASES).cases}
    differing, compared = set(), 0
    for entry in entries:
        case = cases[f"{name}#{entry['id']}"]
        (row,) = case.expected.accounts
        for account, months in entry["expected_account_changes"].items():
            ours = row.movements.get(ACCOUNTS.get(account, ""), {})
            for month, amount in months.items():
                compared += 1
                if ours.get(month, Decimal(0)) != Decimal(amount):
                    differing.add(case.id)
                    assert case.policy, f"{case.id}: {account} in {month} is {amount} in the source"
    assert compared > 100
    assert differing == {"S15", "S19", "S20", "S30"}


def test_where_our_policy_differs_the_case_gives_both_sides_and_the_reason():
    noted = [case for case in read_suite(CASES).cases if case.policy]
    assert {"S20", "S30", "S15", "S19"} <= {case.id for case in noted}
    topics = {note.topic for case in noted for note in case.policy}
    assert {"unapplied cash", "won disputes", "cancellation"} <= topics
    for case in noted:
        assert all(note.source_says and note.we_say and note.because for note in case.policy)


def test_the_smallest_case_is_read_with_its_amounts_exact(tmp_path: Path):
    path = tmp_path / "small.yml"
    path.write_text(MINIMAL)
    case = read_case(path)
    assert case.expected.revenue[0].recognised == {"2026-01": Decimal("31.00")}
    assert case.contracts[0].orders[0].items[0].service.last_day.isoformat() == "2026-01-31"


@pytest.mark.parametrize(
    ("broken", "key", "reason"),
    [
        (("price: 31.00", "prise: 31.00"), "contracts[0].orders[0].items[0].prise", "unknown key"),
        (("title:", "titel:"), "titel", "unknown key"),
        (("in: {2026-01", "on: {2026-01"), "expected.revenue[0].on", "unknown key"),
        (("to: 2026-02-01", "until: 2026-02-01"), "service.until", "unknown key"),
        (("31.00, service", "1.5e3, service"), "items[0].price", "not a decimal number"),
        (("31.00, service", "31.005, service"), "items[0].price", "more decimal places than USD"),
        (("signed: 2026-01-01", "signed: 2026-13-01"), "orders[0].signed", "month"),
        (("product: seat", "product: saet"), "items[0].product", "no product 'saet'"),
        (("item: month", "item: moth"), "expected.revenue[0].item", "no item 'moth'"),
        (("{2026-01:", "{2026-1:"), "expected.revenue[0].in", "not a period"),
        (("id: small", "id: small\nid: large"), "", "key 'id' is given twice"),
        (("ratable_daily", "ratable_hourly"), "products[0].pattern", "ratable_daily"),
        (("format: 1", "format: 2"), "format", "1"),
        (("{revenue: [{item: month, in: {2026-01: 31.00}}]}", "{}"), "expected", "at least one"),
    ],
)
def test_a_slip_is_refused_with_its_file_key_and_reason(
    tmp_path: Path, broken: tuple[str, str], key: str, reason: str
):
    assert broken[0] in MINIMAL
    message = refusal(tmp_path, MINIMAL.replace(*broken, 1))
    assert "after validation" not in message, "a refused member is not also a missing one"
    assert key in message and reason in message, message


def test_a_currency_without_minor_units_takes_whole_amounts_only(tmp_path: Path):
    message = refusal(tmp_path, MINIMAL.replace("format: 1", "format: 1\ncurrency: JPY"))
    assert "31.00 has more decimal places than JPY" in message


def test_a_directory_reports_the_problems_of_all_its_files_at_once(tmp_path: Path):
    (tmp_path / "one.yml").write_text(MINIMAL.replace("price", "prise"))
    (tmp_path / "two.yml").write_text("just text")
    (tmp_path / "three.yml").write_text(MINIMAL)
    (tmp_path / "four.yml").write_text(MINIMAL)
    with pytest.raises(CaseError) as refused:
        read_suite(tmp_path)
    message = str(refused.value)
    assert "one.yml: contracts[0].orders[0].items[0].prise: unknown key" in message
    assert "two.yml: holds str, not a mapping" in message
    assert "three.yml: id: 'small' is also the id of" in message


def test_a_directory_without_cases_says_so(tmp_path: Path):
    with pytest.raises(CaseError, match="no case files"):
        read_suite(tmp_path)
    with pytest.raises(CaseError, match="no such directory"):
        read_suite(tmp_path / "absent")


def test_the_format_reference_names_every_key_a_case_may_have():
    import orchestration.conformance as package
    from orchestration.conformance.case import Case
    from orchestration.conformance.values import Strict

    reference = (Path(package.__file__).parent / "FORMAT.md").read_text()
    for model in [Case, *all_models(Strict)]:
        for name, field in model.model_fields.items():
            key = field.alias or name
            assert f"`{key}`" in reference, f"{model.__name__}.{key} is not in FORMAT.md"


def all_models(model: type) -> list[type]:
    return [found for sub in model.__subclasses__() for found in [sub, *all_models(sub)]]
