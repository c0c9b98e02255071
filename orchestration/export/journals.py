"""Posted lines as journals for an ERP: one a batch, entity, entry type and currency, summed by account.

Belongs here: the summary both CSV exports share, with the reference by which ``rec_ledger_to_gl`` finds a
journal again, and the second journal that makes the ERP's own-currency books ours. Does not belong: the
columns of an importer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from orchestration.books.lines import files_relation
from orchestration.books.store import Batch, BooksError, batches, next_period, period_name
from orchestration.export.cells import major


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
    # What the line is worth in the entity's own currency, debit positive.
    functional_minor: int | None = None


@dataclass(frozen=True)
class Journal:
    """A balanced journal as an ERP takes it; ``exchange_rate`` is into the entity's own currency."""

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
    exchange_rate: Decimal = Decimal(1)

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


# An importer takes one rate a journal, of so many decimals, and rounds each line half up itself.
RATE = Decimal("0.00000001")
EXCHANGE_GAIN_OR_LOSS = "7000"


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


def _rate(journal: Journal, scale: int) -> Decimal:
    """The one rate nearest to what the lines of a journal are worth."""
    moved = major(
        sum(line.debit_minor + line.credit_minor for line in journal.lines), journal.exponent
    )
    worth = major(
        sum(
            abs(line.functional_minor or 0)
            for line in journal.lines
            if line.debit_minor or line.credit_minor
        ),
        scale,
    )
    return (worth / moved).quantize(RATE, ROUND_HALF_EVEN) if moved and worth else Decimal(1)


def _in_both_currencies(journal: Journal, functional: str, names: ChartOfNames) -> list[Journal]:
    """The journal with its rate, and one in the entity's own currency with what that rate leaves out.

    Together they give each account exactly its functional amount: a realised exchange difference has
    nothing in the document's currency, and lines of one journal were valued on different days.
    """
    scale = names.exponent(functional)
    rate = _rate(journal, scale)
    left: list[JournalLine] = []
    for line in journal.lines:
        amount = major(line.debit_minor - line.credit_minor, journal.exponent)
        imported = int((amount * rate).scaleb(scale).quantize(Decimal(1), ROUND_HALF_UP))
        rest = (line.functional_minor or 0) - imported
        if rest:
            left.append(replace(line, debit_minor=max(rest, 0), credit_minor=max(-rest, 0)))
    off = sum(line.debit_minor - line.credit_minor for line in left)
    if off:
        # What the importer rounds away line by line; its own rounding account holds the opposite.
        left.append(
            JournalLine(
                EXCHANGE_GAIN_OR_LOSS,
                names.accounts.get(EXCHANGE_GAIN_OR_LOSS, EXCHANGE_GAIN_OR_LOSS),
                "rounding of the import",
                journal.period,
                max(-off, 0),
                max(off, 0),
                -off,
            )
        )
    moving = tuple(line for line in journal.lines if line.debit_minor or line.credit_minor)
    found = [replace(journal, lines=moving, exchange_rate=rate)] if moving else []
    if left:
        found.append(
            replace(
                journal,
                journal_id=f"{journal.journal_id}-FX",
                reference=f"{journal.reference}|FX",
                currency=functional,
                exponent=scale,
                lines=tuple(left),
            )
        )
    return found


def journals(root: Path, period: date, names: ChartOfNames) -> list[Journal]:
    """Every journal posted in a month, in order. Errors: ExportError when nothing was posted."""
    chain = batches(root)
    wanted = [batch for batch in chain if batch.period == period and batch.entries]
    if not wanted:
        raise ExportError(f"{period_name(period)} has no sealed batch: close it before exporting")
    found: list[Journal] = []
    for batch in wanted:
        rows = duckdb.execute(
            f"""select entity_id, entry_type, currency, any_value(posting_key),
                any_value(functional_currency), account_code, cause, period,
                sum(amount_minor)::bigint as net_minor, sum(functional_minor)::bigint as worth_minor
            from {files_relation(batch.entries)}
            group by entity_id, entry_type, currency, account_code, cause, period
            having net_minor <> 0 or worth_minor <> 0
            order by entity_id, entry_type, currency, period, cause, account_code"""
        ).fetchall()
        grouped: dict[tuple[str, str, str, str], list[JournalLine]] = defaultdict(list)
        functional: dict[tuple[str, str, str, str], str] = {}
        for entity, entry_type, currency, reference, own, account, cause, month, net, worth in rows:
            key = (entity, entry_type, currency, reference)
            functional[key] = own or currency
            name = names.accounts.get(account, account)
            line = JournalLine(account, name, cause, month, max(net, 0), max(-net, 0), worth)
            grouped[key].append(line)
        suffix = _suffix(batch, chain)
        for key, lines in grouped.items():
            entity, entry_type, currency, reference = key
            journal = Journal(
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
            if functional[key] == currency:
                found.append(journal)
            else:
                found.extend(_in_both_currencies(journal, functional[key], names))
    return found


def memo_of(journal: Journal, line: JournalLine) -> str:
    """What a reader of the ERP needs to know of a line: its cause, if it is of an earlier month."""
    if line.economic_period == journal.period:
        return journal.entry_type.replace("_", " ")
    return f"{journal.entry_type.replace('_', ' ')} of {line.economic_period:%Y-%m}: {line.cause}"


def entities_of(found: Iterable[Journal]) -> list[str]:
    return sorted({journal.entity_id for journal in found})
