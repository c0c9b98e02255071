"""The journal in other systems' shapes: balances, references, limits, and cells that cannot run."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, Line, act, invoice, load, revenue

from orchestration.books import close, posted_relation, reopen
from orchestration.export import beancount, netsuite, quickbooks
from orchestration.export.cells import inert, major, major_text
from orchestration.export.journals import ChartOfNames, ExportError, Journal, JournalLine

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)
NAMES = ChartOfNames(
    accounts={
        "1100": "Accounts receivable",
        "2100": "Deferred revenue (current)",
        "4010": "Revenue: on-demand usage",
    },
    entities={"US01": "=Lumen Compute Inc.", "UK01": "Fathom Cloud Ltd"},
    exponents={"USD": 2, "JPY": 0, "KWD": 3},
)
TYPES = {"1100": "asset", "2100": "liability", "4010": "revenue"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """January, and a February that carries late usage of January."""
    folder = tmp_path / "books"
    sold = invoice("in_1", 120_05, JAN) + invoice("in_2", 900, JAN, entity="UK01", currency="JPY")
    with duckdb.connect() as con:
        load(con, sold + revenue("oi_1", 70_00, JAN))
        close(folder, con, RELATION, act(JAN))
        kuwait = invoice("in_3", 1_234, FEB, entity="UK01", currency="KWD")
        load(con, sold + revenue("oi_1", 75_00, JAN) + revenue("oi_1", 20_00, FEB) + kuwait)
        close(folder, con, RELATION, act(FEB))
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def money(text: str) -> Decimal:
    return Decimal(text or "0")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_made_inert(text):
    assert inert(text) == f"'{text}"


def test_other_text_stays_as_it_is():
    assert inert("Lumen = Compute") == "Lumen = Compute"


def test_minor_units_become_decimals_of_the_currencys_scale():
    assert [major_text(amount, exponent) for amount, exponent in [(1205, 2), (-5, 2), (7, 0)]] == [
        "12.05",
        "-0.05",
        "7",
    ]
    assert major(1234, 3) == Decimal("1.234")


def test_netsuite_gets_balanced_journals_by_reference_with_late_amounts_on_their_own_line(
    root, tmp_path
):
    with pytest.raises(ExportError, match="1.234 KWD does not fit NetSuite's"):
        netsuite.write(root, FEB, NAMES, tmp_path / "out")
    rows = read(netsuite.write(root, JAN, NAMES, tmp_path / "out"))
    by_journal: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_journal[row["External ID"]] += money(row["Debit"]) - money(row["Credit"])
    assert by_journal == {
        "JE-UK01-2026-01-invoice-JPY": 0,
        "JE-US01-2026-01-invoice-USD": 0,
        "JE-US01-2026-01-revenue-USD": 0,
    }
    sold = next(row for row in rows if row["External ID"].startswith("JE-US01-2026-01-invoice"))
    assert sold == {
        "External ID": "JE-US01-2026-01-invoice-USD",
        "Date": "01/31/2026",
        "Posting Period": "Jan 2026",
        "Subsidiary": "'=Lumen Compute Inc.",
        "Currency": "USD",
        "Exchange Rate": "1",
        "Memo": "US01|2026-01|invoice|USD (batch 000001-close)",
        "Account": "1100 Accounts receivable",
        "Debit": "120.05",
        "Credit": "",
        "Line Memo": "invoice",
    }


def test_quickbooks_gets_one_file_an_entity_with_short_numbers_and_a_control_account(
    root, tmp_path
):
    written = quickbooks.write(root, FEB, NAMES, tmp_path / "out")
    assert [path.name for path in written] == [
        "quickbooks-UK01-2026-02.csv",
        "quickbooks-US01-2026-02.csv",
    ]
    uk, us = (read(path) for path in written)
    assert [(row["Account Name"], row["Debits"], row["Credits"]) for row in uk] == [
        ("Accounts receivable control", "1.234", ""),
        ("Deferred revenue (current)", "", "1.234"),
    ]
    # 75.00 - 70.00 of January late, 20.00 of February itself.
    assert [(row["Credits"], row["Description"]) for row in us if row["Credits"]] == [
        ("5.00", "US01|2026-02|revenue|USD: revenue of 2026-01: late usage"),
        ("20.00", "US01|2026-02|revenue|USD: revenue"),
    ]
    assert all(len(row["Journal No"]) <= 21 for row in uk + us)


def test_a_month_posted_twice_exports_its_second_journal_under_another_id(root, tmp_path):
    with duckdb.connect() as con:
        load(con, invoice("in_1", 120_05, JAN) + invoice("in_9", 1_00, FEB))
        reopen(root, con, act(FEB, reason="invoice forgotten"))
        close(root, con, RELATION, act(FEB))
        names = ChartOfNames(NAMES.accounts, NAMES.entities, {**NAMES.exponents, "KWD": 2})
        rows = read(netsuite.write(root, FEB, names, tmp_path / "out"))
    ids = {row["External ID"] for row in rows if "invoice-USD" in row["External ID"]}
    assert ids == {"JE-US01-2026-02-invoice-USD-R2"}


def test_a_journal_beyond_netsuites_lines_is_refused_by_id():
    line = JournalLine("1100", "Accounts receivable", "current period", JAN, 1, 0)
    journal = Journal(
        "JE-1", "ref", "000001-close", "US01", "Lumen", JAN, "invoice", "USD", 2, (line,) * 10_001
    )
    with pytest.raises(ExportError, match="JE-1 has 10001 lines"):
        netsuite.rows(journal)


def test_an_open_month_is_not_exported(root, tmp_path):
    with pytest.raises(ExportError, match="2026-03 has no sealed batch"):
        netsuite.write(root, date(2026, 3, 1), NAMES, tmp_path / "out")


def test_an_account_outside_the_chart_is_refused_by_code(tmp_path):
    folder = tmp_path / "books"
    with duckdb.connect() as con:
        load(con, [Line("x", "9999", 1, JAN), Line("x", "1100", -1, JAN)])
        close(folder, con, RELATION, act(JAN))
    with pytest.raises(ExportError, match="account 9999 is not in"):
        beancount.write(folder, NAMES, TYPES, tmp_path / "out")


def test_bean_check_accepts_the_books_and_its_balances_are_ours(root, tmp_path):
    from beancount import loader
    from beancount.core import realization

    path = beancount.write(root, NAMES, TYPES, tmp_path / "out")
    bean_check = Path(sys.executable).with_name("bean-check")
    checked = subprocess.run([bean_check, path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    real = realization.realize(entries)
    theirs = {
        (
            account.account.split(":")[1],
            account.account.split(":")[2][:4],
            position.units.currency,
        ): (position.units.number)
        for account in realization.iter_children(real, leaf_only=True)
        for position in account.balance
    }
    ours = {
        (entity, code, currency): major(balance, NAMES.exponents[currency])
        for entity, code, currency, balance in duckdb.execute(
            f"""select entity_id, account_code, currency, sum(amount_minor)::bigint as balance
            from {posted_relation(root)} group by all having balance <> 0"""
        ).fetchall()
    }
    assert theirs == ours
    # 120.05 - 75.00 - 20.00 stays deferred.
    assert theirs["US01", "2100", "USD"] == Decimal("-25.05")


def test_bean_check_refuses_the_books_when_a_balance_is_changed(root, tmp_path):
    path = beancount.write(root, NAMES, TYPES, tmp_path / "out")
    text = path.read_text()
    head, _, tail = text.rpartition("-25.05 ~ 0 USD")
    path.write_text(f"{head}-25.06 ~ 0 USD{tail}")
    bean_check = Path(sys.executable).with_name("bean-check")
    checked = subprocess.run([bean_check, path], capture_output=True, text=True, check=False)
    assert checked.returncode == 1 and "Balance failed" in checked.stderr
