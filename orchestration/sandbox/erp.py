"""Writes the ERP's side: summary journals and trial balances by entity and month, and the faults of posting.

The trial balance follows the journals as posted, faults included.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from .amounts import major
from .calendars import add_months, month_key
from .context import Context
from .postings import (
    INTERCOMPANY,
    INTERCOMPANY_REVENUE,
    RECEIVABLE,
    JournalKey,
    Postings,
)

JOURNAL_FIELDS = (
    "journal_id", "line_no", "entity_id", "period", "posted_on", "account_code", "currency", "debit",
    "credit", "source", "reference", "memo",
)  # fmt: skip
BALANCE_FIELDS = (
    "entity_id", "period", "account_code", "account_name", "currency", "opening", "debit", "credit",
    "closing",
)  # fmt: skip
OTHER_ENTITY = {"US01": "US02", "US02": "US01", "UK01": "US01"}


@dataclass
class Journal:
    """A journal as the ERP posted it; amounts by account, debits positive."""

    id: str
    entity: str
    period: date
    currency: str
    source: str
    reference: str
    memo: str
    accounts: dict[str, int]

    @property
    def debits(self) -> int:
        return sum(amount for amount in self.accounts.values() if amount > 0)


def _journal(key: JournalKey, accounts: dict[str, int]) -> Journal:
    month = month_key(key.period)
    return Journal(
        id=f"JE-{key.entity}-{month}-{key.entry_type}-{key.currency}",
        entity=key.entity,
        period=key.period,
        currency=key.currency,
        source="TIEOUT",
        reference=f"{key.entity}|{month}|{key.entry_type}|{key.currency}",
        memo=f"{key.entry_type.replace('_', ' ').capitalize()} {month}",
        accounts={code: amount for code, amount in sorted(accounts.items()) if amount},
    )


def post_journals(context: Context, postings: Postings) -> list[Journal]:
    """The journals as posted: faults are planted on some of them."""
    ordered = sorted(
        postings.journals.items(),
        key=lambda kv: (kv[0].entity, kv[0].period, kv[0].entry_type, kv[0].currency),
    )
    journals = [_journal(key, accounts) for key, accounts in ordered]
    journals = [journal for journal in journals if journal.accounts]
    for journal in journals:
        if sum(journal.accounts.values()):
            raise ValueError(f"sandbox ERP: {journal.id} does not balance: {journal.accounts}")
    return _plant(context, journals)


def _plant(context: Context, journals: list[Journal]) -> list[Journal]:
    rng = random.Random(f"tieout/{context.seed}/erp")
    months = context.months
    # A journal is moved into a month that is over at the end of the history, or nobody could see it.
    over = [month for month in months if add_months(month, 1) <= context.end] or months
    visible = [j for j in journals if months[0] < j.period < over[-1] and j.debits > 10_000]
    usable = [j for j in visible if INTERCOMPANY not in j.accounts]
    rng.shuffle(usable)
    catalogue = context.catalogue

    def record(kind: str, journal: Journal, ref: str, amount: int) -> None:
        catalogue.record(kind, ref=ref, entity=journal.entity, period=journal.period, amount=amount)

    dropped: set[str] = set()
    for kind in ("GL_MISSING_POSTING", "GL_WRONG_PERIOD", "GL_WRONG_ENTITY", "GL_AMOUNT_MISMATCH"):
        for _ in range(min(catalogue.count(kind), len(usable))):
            journal = usable.pop()
            ref = f"erp:journal:{journal.id}"
            if kind == "GL_MISSING_POSTING":
                record(kind, journal, f"ledger:{journal.reference}", journal.debits)
                dropped.add(journal.id)
            elif kind == "GL_WRONG_PERIOD":
                record(kind, journal, ref, journal.debits)
                journal.period = add_months(journal.period, 1)
            elif kind == "GL_WRONG_ENTITY":
                record(kind, journal, ref, journal.debits)
                journal.entity = OTHER_ENTITY[journal.entity]
            else:
                wrong = rng.randrange(1, 90) * 111
                record(kind, journal, ref, wrong)
                debit = next(code for code, amount in journal.accounts.items() if amount > 0)
                credit = next(code for code, amount in journal.accounts.items() if amount < 0)
                journal.accounts[debit] += wrong
                journal.accounts[credit] -= wrong
    # The seller's side of a pair is posted, the supplier's is not.
    suppliers = [j for j in visible if INTERCOMPANY_REVENUE in j.accounts]
    rng.shuffle(suppliers)
    for journal in suppliers[: catalogue.count("INTERCOMPANY_ONE_SIDED")]:
        record("INTERCOMPANY_ONE_SIDED", journal, f"ledger:{journal.reference}", journal.debits)
        dropped.add(journal.id)
    journals = [journal for journal in journals if journal.id not in dropped]
    for turn in range(catalogue.count("GL_MANUAL_JOURNAL")):
        entity = rng.choice(sorted(context.policies.entities))
        period = rng.choice(months[1:-1] or months)
        currency = context.policies.entities[entity]["functional_currency"]
        amount = rng.randrange(100, 5_000) * 125
        manual = Journal(
            id=f"JE-{entity}-{month_key(period)}-manual-{turn + 1:04d}",
            entity=entity,
            period=period,
            currency=currency,
            source="MANUAL",
            reference=f"MJ-{turn + 1:04d}",
            memo="Reclass per controller",
            accounts={RECEIVABLE: amount, rng.choice(("4010", "2100", "2300")): -amount},
        )
        record("GL_MANUAL_JOURNAL", manual, f"erp:journal:{manual.id}", amount)
        journals.append(manual)
    return sorted(journals, key=lambda j: (j.entity, j.period, j.id))


def _write(path: Path, fields: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(fields)
        writer.writerows(rows)


def write_erp(root: Path, context: Context, journals: list[Journal]) -> None:
    """Journal and trial balance of every entity and month of the history."""
    names = context.policies.account_names
    for entity in sorted(context.policies.entities):
        balances: dict[tuple[str, str], int] = {}
        for month in context.months:
            posted = add_months(month, 1) - timedelta(days=1)
            own = [j for j in journals if j.entity == entity and j.period == month]
            period, rows = month_key(month), []
            moves: dict[tuple[str, str], list[int]] = {key: [0, 0] for key in balances}
            for journal in own:
                for number, (code, amount) in enumerate(journal.accounts.items(), 1):
                    debit, credit = max(amount, 0), max(-amount, 0)
                    rows.append(
                        (
                            journal.id, number, entity, period, posted.isoformat(), code,
                            journal.currency, major(debit), major(credit), journal.source,
                            journal.reference, journal.memo,
                        )
                    )  # fmt: skip
                    move = moves.setdefault((code, journal.currency), [0, 0])
                    move[0] += debit
                    move[1] += credit
            folder = root / entity / period
            _write(folder / "journal.csv", JOURNAL_FIELDS, list(rows))
            table: list[tuple[object, ...]] = []
            for (code, currency), (debit, credit) in sorted(moves.items()):
                opening = balances.get((code, currency), 0)
                closing = opening + debit - credit
                balances[code, currency] = closing
                table.append(
                    (
                        entity, period, code, names[code], currency, major(opening), major(debit),
                        major(credit), major(closing),
                    )
                )  # fmt: skip
            _write(folder / "trial_balance.csv", BALANCE_FIELDS, table)
