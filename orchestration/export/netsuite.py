"""Journals as NetSuite's CSV import for journal entries takes them, one file a month.

Columns: External ID (the journal's id, so importing twice is refused), Date (MM/DD/YYYY), Posting Period
(``Mar 2026``), Subsidiary, Currency, Exchange Rate, Memo, Account (number and name), Debit, Credit, Line
Memo. Its limits are checked here, before anyone uploads. What one rate a journal leaves out follows in a
journal of the subsidiary's own currency (``…-FX``).
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from orchestration.export.cells import inert, major_text
from orchestration.export.journals import ChartOfNames, ExportError, Journal, journals, memo_of

COLUMNS = (
    "External ID",
    "Date",
    "Posting Period",
    "Subsidiary",
    "Currency",
    "Exchange Rate",
    "Memo",
    "Account",
    "Debit",
    "Credit",
    "Line Memo",
)
MOST_LINES = 10_000
MOST_DIGITS = 10


def _amount(journal: Journal, amount_minor: int) -> str:
    if not amount_minor:
        return ""
    text = major_text(amount_minor, journal.exponent)
    whole, _, decimals = text.partition(".")
    if len(whole) > MOST_DIGITS or len(decimals) > 2:
        raise ExportError(
            f"journal {journal.journal_id}: {text} {journal.currency} does not fit NetSuite's "
            f"{MOST_DIGITS} digits and 2 decimals; split the journal or import it by API"
        )
    return text


def rows(journal: Journal) -> list[list[str]]:
    """The journal as rows of cells. Errors: ExportError when NetSuite would refuse it."""
    if len(journal.lines) > MOST_LINES:
        raise ExportError(
            f"journal {journal.journal_id} has {len(journal.lines)} lines; NetSuite takes {MOST_LINES}"
        )
    return [
        [
            inert(journal.journal_id),
            f"{journal.posted_on:%m/%d/%Y}",
            f"{journal.period:%b %Y}",
            inert(journal.entity_name),
            journal.currency,
            f"{journal.exchange_rate:f}",
            inert(f"{journal.reference} (batch {journal.batch_id})"),
            inert(f"{line.account_code} {line.account_name}"),
            _amount(journal, line.debit_minor),
            _amount(journal, line.credit_minor),
            inert(memo_of(journal, line)),
        ]
        for line in journal.lines
    ]


def write(root: Path, period: date, names: ChartOfNames, out: Path) -> Path:
    """Write ``netsuite-<period>.csv`` into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"netsuite-{period:%Y-%m}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for journal in journals(root, period, names):
            writer.writerows(rows(journal))
    return path
