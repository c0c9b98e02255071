"""One dropped bank file as rows to land: statements, their lines, and what was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from orchestration.landing import Refusal
from orchestration.sources.bank.formats import read_statements
from orchestration.sources.bank.model import BankFileError, Exponents, Statement
from orchestration.sources.drops import Arrival, FileRefusedError, Reading, end_of_day


def read_file(arrival: Arrival, exponents: Exponents) -> Reading:
    """The rows of a file. Errors: FileRefusedError when none of it may be used."""
    try:
        kind, statements = read_statements(arrival.path.name, arrival.path.read_bytes(), exponents)
    except BankFileError as error:
        raise FileRefusedError(error.reason_code, str(error)) from error
    reading = Reading({"statement": [], "transaction": []})
    names: Counter[str] = Counter()
    for statement in statements:
        known_at = end_of_day(statement.statement_date)
        base = f"{statement.account}:{statement.statement_date}"
        id_ = _numbered(base, names)
        envelope = {"_version_at": known_at, "_file": arrival.file}
        reading.rows["statement"].append({"_id": id_, **envelope, **_summary(statement, kind)})
        for number, line in enumerate(statement.transactions, start=1):
            reference = line.bank_reference or str(number)
            row_id = _numbered(f"{statement.account}:{line.booked_date}:{reference}", names)
            reading.rows["transaction"].append(
                {
                    "_id": row_id,
                    **envelope,
                    **asdict(line),
                    "bank_account_id": statement.account,
                    "statement_id": id_,
                }
            )
        for rejected in statement.rejected:
            reading.refusals.append(
                Refusal(
                    "RECORD_QUARANTINED",
                    f"{arrival.file}, {rejected.record}: {rejected.problem}",
                    id=f"{base}:{rejected.record}",
                    file=arrival.file,
                    version_at=known_at,
                    payload=rejected.text,
                )
            )
        _count(reading, statement)
    days = [statement.statement_date for statement in statements]
    reading.first_day, reading.last_day = min(days), max(days)
    return reading


def _summary(statement: Statement, kind: str) -> dict[str, Any]:
    return {
        "bank_account_id": statement.account,
        "currency": statement.currency,
        "statement_date": statement.statement_date,
        "opening_minor": statement.opening_minor,
        "closing_minor": statement.closing_minor,
        "credits_minor": statement.credits_minor,
        "debits_minor": statement.debits_minor,
        "transaction_count": len(statement.transactions),
        "file_format": kind,
    }


def _count(reading: Reading, statement: Statement) -> None:
    for name, value in (
        (f"credits_minor {statement.currency}", statement.credits_minor),
        (f"debits_minor {statement.currency}", statement.debits_minor),
    ):
        reading.controls[name] = reading.controls.get(name, 0) + value


def _numbered(name: str, names: Counter[str]) -> str:
    """A name made unique within its file: the second one gets #2."""
    names[name] += 1
    return name if names[name] == 1 else f"{name}#{names[name]}"
