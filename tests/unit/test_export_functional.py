"""Exports carry both currencies: what an ERP or Beancount holds in the entity's own is what the books hold.

UK01 keeps books in pounds. In January it invoices 30.00 dollars at 0.80 (24.00 pounds), earns them at the
same rate and is paid at 0.75: 22.50 pounds arrive, so 1.50 pounds are lost.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from books_ledger import act

from orchestration.books import close
from orchestration.export import beancount, netsuite, quickbooks
from orchestration.export.journals import ChartOfNames, Journal, JournalLine, journals

JAN = date(2026, 1, 1)
ACCOUNTS = {
    "1000": ("Cash", "asset"),
    "1100": ("Accounts receivable", "asset"),
    "2100": ("Deferred revenue", "liability"),
    "4010": ("Revenue", "revenue"),
    "7000": ("FX gain or loss (realised)", "expense"),
    "7010": ("FX gain or loss (unrealised)", "expense"),
}
NAMES = ChartOfNames(
    accounts={code: name for code, (name, _) in ACCOUNTS.items()},
    entities={"UK01": "Fathom Cloud Ltd"},
    exponents={"USD": 2, "GBP": 2},
)
TYPES = {code: kind for code, (_, kind) in ACCOUNTS.items()}
# entry, type, account, dollars, pounds
LINES = (
    ("invoice:in_1", "invoice", "1100", 30_00, 24_00),
    ("invoice:in_1", "invoice", "2100", -30_00, -24_00),
    ("revenue:oi_1", "revenue", "2100", 30_00, 24_00),
    ("revenue:oi_1", "revenue", "4010", -30_00, -24_00),
    ("receipt:re_1", "receipt", "1000", 30_00, 22_50),
    ("receipt:re_1", "receipt", "1100", -30_00, -24_00),
    ("receipt:re_1", "receipt", "7000", 0, 1_50),
    # A remeasurement has pounds alone; a correction may move the two apart in sign.
    ("remeasurement:1100", "remeasurement", "1100", 0, -7),
    ("remeasurement:1100", "remeasurement", "7010", 0, 7),
    ("invoice:in_2", "invoice", "1100", 1, -2),
    ("invoice:in_2", "invoice", "2100", -1, 2),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    values = ", ".join(str(line) for line in LINES)
    with duckdb.connect() as con:
        con.execute(
            f"""create table computed as select entry_key, entry_type, 'a rule' as rule,
                'UK01' as entity_id, date '2026-01-15' as entry_date, date '2026-01-01' as period,
                'USD' as currency, account_code, greatest(amount, 0)::bigint as debit_minor,
                greatest(-amount, 0)::bigint as credit_minor, 'GBP' as functional_currency,
                worth::bigint as functional_minor, 'stripe:x' as evidence_ref
            from (values {values}) as t(entry_key, entry_type, account_code, amount, worth)"""
        )
        close(folder, con, "computed", act(JAN))
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sums(place: int) -> dict[str, Decimal]:
    """Balances of the lines above, in dollars (3) or pounds (4)."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in LINES:
        found[line[2]] += Decimal(line[place]) / 100
    return {code: amount for code, amount in found.items() if amount}


@pytest.mark.parametrize("shape", ["netsuite", "quickbooks"])
def test_what_an_importer_makes_of_the_file_is_the_functional_balance_of_each_account(
    root, tmp_path, shape
):
    """The importer multiplies a line by its journal's rate and rounds it half up."""
    if shape == "netsuite":
        rows = read(netsuite.write(root, JAN, NAMES, tmp_path))
        columns = ("Account", "Debit", "Credit")
    else:
        [path] = quickbooks.write(root, JAN, NAMES, tmp_path)
        rows, columns = read(path), ("Account Name", "Debits", "Credits")
    codes = {name: code for code, (name, _) in ACCOUNTS.items()}
    codes["Accounts receivable control"] = "1100"
    dollars: dict[str, Decimal] = defaultdict(Decimal)
    pounds: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        name = row[columns[0]]
        code = name[:4] if name[:4].isdigit() else codes[name]
        amount = Decimal(row[columns[1]] or 0) - Decimal(row[columns[2]] or 0)
        if row["Currency"] == "USD":
            dollars[code] += amount
        else:
            assert row["Exchange Rate"] == "1"
        worth = amount * Decimal(row["Exchange Rate"])
        pounds[code] += worth.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert {code: amount for code, amount in dollars.items() if amount} == sums(3)
    assert {code: amount for code, amount in pounds.items() if amount} == sums(4)


def test_the_second_journal_balances_in_the_entitys_own_currency_under_its_own_id(root):
    found = {journal.journal_id: journal for journal in journals(root, JAN, NAMES)}
    assert set(found) == {
        "JE-UK01-2026-01-invoice-USD",
        "JE-UK01-2026-01-revenue-USD",
        "JE-UK01-2026-01-receipt-USD",
        "JE-UK01-2026-01-receipt-USD-FX",
        "JE-UK01-2026-01-remeasurement-USD-FX",
    }
    for journal in found.values():
        assert sum(line.debit_minor - line.credit_minor for line in journal.lines) == 0
        assert journal.currency == ("GBP" if journal.journal_id.endswith("-FX") else "USD")
    assert found["JE-UK01-2026-01-revenue-USD"].exchange_rate == Decimal("0.8")
    # (22.50 + 24.00) / (30.00 + 30.00) pounds a dollar.
    assert found["JE-UK01-2026-01-receipt-USD"].exchange_rate == Decimal("0.775")


def test_what_the_importer_rounds_away_stands_on_the_exchange_account(root):
    """Three lines of 0.01 at 0.5 are imported as 0.01 each, half up: 0.02 against 0.01, off by 0.01."""
    from orchestration.export.journals import _in_both_currencies

    lines = (
        JournalLine("1100", "AR", "current period", JAN, 1, 0, 1),
        JournalLine("1000", "Cash", "current period", JAN, 1, 0, 0),
        JournalLine("4010", "Revenue", "current period", JAN, 0, 2, -1),
    )
    journal = Journal("JE", "r", "b", "UK01", "UK", JAN, "invoice", "USD", 2, lines)
    stated, rest = _in_both_currencies(journal, "GBP", NAMES)
    assert stated.exchange_rate == Decimal("0.5")
    assert [(line.account_code, line.debit_minor, line.credit_minor) for line in rest.lines] == [
        ("1000", 0, 1),
        ("7000", 1, 0),
    ]


def test_bean_check_holds_both_balances(root, tmp_path):
    from beancount import loader
    from beancount.core import convert, data

    path = beancount.write(root, NAMES, TYPES, tmp_path / "out")
    checked = subprocess.run(
        [Path(sys.executable).with_name("bean-check"), path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    dollars: dict[str, Decimal] = defaultdict(Decimal)
    pounds: dict[str, Decimal] = defaultdict(Decimal)
    for transaction in data.filter_txns(entries):
        for posting in transaction.postings:
            code = posting.account.split(":")[2][:4]
            if posting.units.currency == "USD":
                dollars[code] += posting.units.number
            weight = convert.get_weight(posting)
            assert weight.currency == "GBP"
            pounds[code] += weight.number.quantize(Decimal("0.01"))
    assert {code: amount for code, amount in dollars.items() if amount} == sums(3)
    assert {code: amount for code, amount in pounds.items() if amount} == sums(4)
