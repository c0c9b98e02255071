"""Every bank parser against published files whose figures were worked out elsewhere."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources.bank import Statement, read_statements
from orchestration.sources.currencies import exponents

# Two currencies of the samples are history; the seed holds those the company trades in.
EXPONENTS = exponents() | {"DEM": 2, "PLN": 2}


@pytest.fixture(scope="session")
def expected(shared_samples: Path) -> dict[str, dict[str, Any]]:
    listed = json.loads((shared_samples / "samples" / "bank" / "expected.json").read_text())
    return {entry["id"]: entry for entry in listed}


@pytest.fixture
def sample(shared_samples: Path, expected: dict[str, dict[str, Any]]):
    def read(name: str) -> tuple[dict[str, Any], str, list[Statement]]:
        entry = expected[name]
        content = (shared_samples / "samples" / "bank" / entry["file"]).read_bytes()
        return entry, *read_statements(entry["file"], content, EXPONENTS)

    return read


def cents(amount: float | int) -> int:
    """The samples' figures are in major units; every currency in them has two decimals."""
    return int((Decimal(str(amount)) * 100).to_integral_exact())


def figures(statement: Statement) -> tuple[int | None, int, int, int | None]:
    return (
        statement.opening_minor,
        statement.credits_minor,
        statement.debits_minor,
        statement.closing_minor,
    )


def test_bai2_with_value_dated_funds_ties_account_by_account(sample):
    entry, kind, statements = sample("BAI-01")
    assert kind == "BAI2"
    found = [(len(s.transactions), s.credits_minor, s.debits_minor) for s in statements]
    assert found == [(a["tx"], a["cr"], a["dr"]) for a in entry["acct"]]
    assert {s.currency for s in statements} == {"CAD"}


def test_the_bai2_specification_sample_with_distributed_funds_is_read(sample):
    entry, _, statements = sample("BAI-02")
    assert len(statements) == entry["accounts"]
    assert sum(len(s.transactions) for s in statements) == entry["tx"]
    letter_of_credit = statements[2].transactions[0]
    assert letter_of_credit.bank_reference == "SP4738"
    assert letter_of_credit.customer_reference == "YRC065321"
    assert letter_of_credit.remittance_text == "PROCEEDS OF LETTER OF CREDIT FROM THE ARAMCO OIL CO"
    assert str(letter_of_credit.value_date) == "2004-06-22"


def test_bai2_days_chain_from_closing_to_opening(sample):
    entry, _, statements = sample("BAI-03")
    assert [figures(s) for s in statements] == [
        (d["open"], d["cr"], d["dr"], d["close"]) for d in entry["days"]
    ]
    assert statements[0].closing_minor == statements[1].opening_minor
    assert statements[0].transactions[0].bank_reference == "172629"
    assert statements[0].transactions[0].remittance_text == "SOME PAYMENT ACH OFFSET"


def test_bai2_with_blank_account_totals_has_accounts_and_no_lines(sample):
    entry, _, statements = sample("BAI-09")
    assert len(statements) == entry["accounts"]
    assert sum(len(s.transactions) for s in statements) == entry["tx"]


def test_camt_statements_of_one_file_tie_each(sample):
    entry, kind, statements = sample("CAM-01")
    assert kind == "CAMT.053"
    assert [figures(s) for s in statements] == [
        (cents(s["open"]), cents(s["cr"]), cents(s["dr"]), cents(s["close"]))
        for s in entry["statements"]
    ]
    assert {s.currency for s in statements} == {entry["ccy"]}


def test_camt_amounts_without_decimals_are_major_units(sample):
    entry, _, (statement,) = sample("CAM-03")
    assert len(statement.transactions) == entry["entries"]
    assert figures(statement) == tuple(cents(entry[k]) for k in ("open", "cr", "dr", "close"))
    assert statement.currency == entry["ccy"]
    assert statement.transactions[0].payer_name == "MUELLER"


def test_a_garbled_camt_amount_rejects_its_row_and_is_not_coerced(sample):
    entry, _, (statement,) = sample("CAM-11")
    assert len(statement.transactions) + len(statement.rejected) == entry["entries"]
    assert not statement.transactions
    assert "'12..34' is not a number" in statement.rejected[0].problem


@pytest.mark.parametrize(("name", "transactions"), [("MT-01", 8), ("MT-03", 2), ("MT-08", 4)])
def test_mt940_statements_tie_and_chain(sample, name, transactions):
    entry, kind, statements = sample(name)
    assert kind == "MT940"
    assert len(statements) == entry["statements"]
    assert sum(len(s.transactions) for s in statements) == entry["tx"] == transactions
    assert statements[0].opening_minor == cents(entry["open"])
    assert statements[-1].closing_minor == cents(entry["close"])
    assert sum(s.debits_minor for s in statements) == cents(entry["dr"])
    assert sum(s.credits_minor for s in statements) == cents(entry.get("cr", 0))
    for before, after in zip(statements, statements[1:], strict=False):
        assert before.closing_minor == after.opening_minor


def test_mt940_of_three_banks_in_three_currencies_ties(sample):
    entry, _, statements = sample("MT-02")
    assert [(len(s.transactions), *figures(s), s.currency) for s in statements] == [
        (s["tx"], cents(s["open"]), cents(s["cr"]), cents(s["dr"]), cents(s["close"]), s["ccy"])
        for s in entry["statements"]
    ]


def test_ofx_checking_statement_has_its_net_and_ledger_balance(sample):
    entry, kind, (statement,) = sample("OFX-02")
    assert kind == "OFX"
    assert len(statement.transactions) == entry["tx"]
    assert statement.credits_minor == cents(entry["cr"])
    assert -statement.debits_minor == cents(entry["dr"])
    assert statement.closing_minor == cents(entry["ledger"])
    assert statement.opening_minor is None


def test_ofx_without_line_breaks_is_read_the_same_way(sample):
    entry, _, (statement,) = sample("OFX-03")
    assert len(statement.transactions) == entry["tx"]
    assert statement.credits_minor - statement.debits_minor == cents(entry["net"])
    assert statement.closing_minor == cents(entry["ledger"])
    assert statement.currency == entry["ccy"]


def test_csv_with_split_amounts_and_decimal_commas_ties_by_its_running_balance(sample):
    entry, kind, (statement,) = sample("CSV-03")
    assert kind == "CSV"
    assert len(statement.transactions) == entry["tx"]
    assert figures(statement) == tuple(cents(entry[k]) for k in ("open", "cr", "dr", "close"))


def test_every_sample_has_a_test(expected):
    told = Path(__file__).read_text()
    assert [name for name in expected if f'"{name}"' not in told] == []
