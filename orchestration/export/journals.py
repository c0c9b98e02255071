"""Posted lines as journals for an ERP: one a batch, entity, entry type and currency, summed by account.

Belongs here: the summary both CSV exports share, with the reference by which ``rec_ledger_to_gl`` finds a
journal again. Does not belong: the columns of an importer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.books.lines import files_relation
from orchestration.books.store import Batch, BooksError, batches, next_period, period_name


class ExportError(BooksError):
    """A journal does not fit the importer; the message says which and why."""


@dataclass(frozen=True)
class JournalLine:
    """One line of a journal: an account's net movement for one cause and economic month."""

    account_code: str
    account_name: str
    cause: str
    economic_period: date
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True)
class Journal:
    """A balanced journal as an ERP takes it."""

    journal_id: str
    reference: str
    batch_id: str
    entity_id: str
    entity_name: str
    period: date
    entry_type: str
    currency: str
    exponent: int
    lines: tuple[JournalLine, ...]

    @property
    def posted_on(self) -> date:
        """The last day of the posting month: the ERP's period follows from it."""
        return next_period(self.period) - timedelta(days=1)


@dataclass(frozen=True)
class ChartOfNames:
    """What codes are called: accounts, entities, and the scale of each currency."""

    accounts: dict[str, str]
    entities: dict[str, str]
    exponents: dict[str, int]

    def exponent(self, currency: str) -> int:
        if currency not in self.exponents:
            raise ExportError(
                f"currency {currency} has no exponent: add it to seeds/currencies.csv"
            )
        return self.exponents[currency]


def read_names(seeds: Path) -> ChartOfNames:
    """Names and scales from the policy seeds."""
    import csv

    def column(seed: str, key: str, value: str) -> dict[str, str]:
        with (seeds / f"{seed}.csv").open(newline="") as file:
            return {row[key]: row[value] for row in csv.DictReader(file)}

    exponents = column("currencies", "currency", "exponent")
    return ChartOfNames(
        accounts=column("accounts", "account_code", "account_name"),
        entities=column("entities", "entity_id", "entity_name"),
        exponents={currency: int(exponent) for currency, exponent in exponents.items()},
    )


def _suffix(batch: Batch, chain: Sequence[Batch]) -> str:
    """Nothing for the first batch of a month, ``-R2`` and on for those after a reopening."""
    same = [other for other in chain if other.period == batch.period and other.kind != "reopen"]
    place = same.index(batch) + 1
    return f"-R{place}" if place > 1 else ""


def journals(root: Path, period: date, names: ChartOfNames) -> list[Journal]:
    """Every journal posted in a month, in order. Errors: ExportError when nothing was posted."""
    chain = batches(root)
    wanted = [batch for batch in chain if batch.period == period and batch.entries]
    if not wanted:
        raise ExportError(f"{period_name(period)} has no sealed batch: close it before exporting")
    found: list[Journal] = []
    for batch in wanted:
        rows = duckdb.execute(
            f"""select entity_id, entry_type, currency, any_value(posting_key), account_code,
                cause, period, sum(amount_minor)::bigint as net_minor
            from {files_relation(batch.entries)}
            group by entity_id, entry_type, currency, account_code, cause, period
            having sum(amount_minor) <> 0
            order by entity_id, entry_type, currency, period, cause, account_code"""
        ).fetchall()
        grouped: dict[tuple[str, str, str, str], list[JournalLine]] = {}
        for entity, entry_type, currency, reference, account, cause, month, net in rows:
            line = JournalLine(
                account,
                names.accounts.get(account, account),
                cause,
                month,
                max(net, 0),
                max(-net, 0),
            )
            grouped.setdefault((entity, entry_type, currency, reference), []).append(line)
        suffix = _suffix(batch, chain)
        for (entity, entry_type, currency, reference), lines in grouped.items():
            found.append(
                Journal(
                    journal_id=f"JE-{entity}-{period_name(period)}-{entry_type}-{currency}{suffix}",
                    reference=reference,
                    batch_id=batch.batch_id,
                    entity_id=entity,
                    entity_name=names.entities.get(entity, entity),
                    period=period,
                    entry_type=entry_type,
                    currency=currency,
                    exponent=names.exponent(currency),
                    lines=tuple(lines),
                )
            )
    return found


def memo_of(journal: Journal, line: JournalLine) -> str:
    """What a reader of the ERP needs to know of a line: its cause, if it is of an earlier month."""
    if line.economic_period == journal.period:
        return journal.entry_type.replace("_", " ")
    return f"{journal.entry_type.replace('_', ' ')} of {line.economic_period:%Y-%m}: {line.cause}"


def entities_of(found: Iterable[Journal]) -> list[str]:
    return sorted({journal.entity_id for journal in found})
