"""Journals as QuickBooks Online's import takes them, one file a month and entity: a company file is one entity.

Columns: Journal No (at most 21 characters, so a short number; the reference is in the description), Journal
Date (MM/DD/YYYY), Account Name, Debits, Credits, Description, Name, Currency, Exchange Rate (without one
QuickBooks takes 1). Turn account numbers off while importing. Accounts receivable goes to a control account
of type *other current assets*: QuickBooks takes one receivable line and customer a journal, and the
customers' balances live in this subledger.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from orchestration.export.cells import inert, major_text
from orchestration.export.journals import (
    ChartOfNames,
    ExportError,
    Journal,
    entities_of,
    journals,
    memo_of,
)

COLUMNS = (
    "Journal No",
    "Journal Date",
    "Account Name",
    "Debits",
    "Credits",
    "Description",
    "Name",
    "Currency",
    "Exchange Rate",
)
LONGEST_NUMBER = 21
CONTROL_ACCOUNTS = {"1100": "Accounts receivable control"}


def number_of(journal: Journal, place: int) -> str:
    """A journal number: entity, batch, place in the file. Errors: ExportError when too long."""
    number = f"{journal.entity_id}-{journal.batch_id.partition('-')[0]}-{place:03d}"
    if len(number) > LONGEST_NUMBER:
        raise ExportError(
            f"journal number {number} is longer than QuickBooks' {LONGEST_NUMBER} characters: "
            f"shorten the entity id {journal.entity_id}"
        )
    return number


def rows(journal: Journal, place: int) -> list[list[str]]:
    """The journal as rows of cells."""
    number = number_of(journal, place)
    return [
        [
            inert(number),
            f"{journal.posted_on:%m/%d/%Y}",
            inert(CONTROL_ACCOUNTS.get(line.account_code, line.account_name)),
            major_text(line.debit_minor, journal.exponent) if line.debit_minor else "",
            major_text(line.credit_minor, journal.exponent) if line.credit_minor else "",
            inert(f"{journal.reference}: {memo_of(journal, line)}"),
            "",
            journal.currency,
            f"{journal.exchange_rate:f}",
        ]
        for line in journal.lines
    ]


def write(root: Path, period: date, names: ChartOfNames, out: Path) -> list[Path]:
    """Write ``quickbooks-<entity>-<period>.csv`` for each entity into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    found = journals(root, period, names)
    written = []
    for entity in entities_of(found):
        path = out / f"quickbooks-{entity}-{period:%Y-%m}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            own = [journal for journal in found if journal.entity_id == entity]
            for place, journal in enumerate(own, start=1):
                writer.writerows(rows(journal, place))
        written.append(path)
    return written
