"""The ERP's monthly exports: trial balance and journal, as CSV with amounts in major units.

A row that cannot be read is refused alone; a file with other columns, or cut off in the middle of a
row, is refused whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from orchestration.landing import Refusal
from orchestration.sources.currencies import MoneyError, minor
from orchestration.sources.drops import Arrival, FileRefusedError, Reading, end_of_month

_TRIAL_BALANCE = (
    "entity_id",
    "period",
    "account_code",
    "account_name",
    "currency",
    "opening",
    "debit",
    "credit",
    "closing",
)
_JOURNAL = (
    "journal_id",
    "line_no",
    "entity_id",
    "period",
    "posted_on",
    "account_code",
    "currency",
    "debit",
    "credit",
    "source",
    "reference",
    "memo",
)
FILES = {"trial_balance": "trial_balance", "journal": "journal_line"}


def object_of(arrival: Arrival) -> str | None:
    """Which object a file feeds, by its name; None when it is no export of ours."""
    stem = arrival.path.name.partition(".")[0]
    return next((name for start, name in FILES.items() if stem.startswith(start)), None)


def read_file(arrival: Arrival, exponents: Mapping[str, int]) -> Reading:
    """The rows of one export. Errors: FileRefusedError."""
    name = object_of(arrival)
    if name == "trial_balance":
        return _read(arrival, name, _TRIAL_BALANCE, lambda row: _balance(row, exponents))
    if name == "journal_line":
        return _read(arrival, name, _JOURNAL, lambda row: _journal_line(row, exponents))
    raise FileRefusedError(
        "RECORD_QUARANTINED", "the file is neither trial_balance.csv nor journal.csv"
    )


def _read(
    arrival: Arrival,
    name: str,
    columns: tuple[str, ...],
    build: Callable[[Mapping[str, str]], dict[str, Any]],
) -> Reading:
    reading = Reading({name: []})
    for number, row in csv_rows(arrival, columns):
        try:
            built = build(row)
        except (MoneyError, ValueError) as error:
            reading.refusals.append(
                Refusal(
                    "RECORD_QUARANTINED",
                    f"{arrival.file}, line {number}: {error}",
                    id=f"{arrival.file}:{number}",
                    file=arrival.file,
                    payload=",".join(row.values()),
                )
            )
            continue
        built["_version_at"] = end_of_month(built["period"])
        built["_file"] = arrival.file
        reading.rows[name].append(built)
        for side in ("debit_minor", "credit_minor"):
            total = f"{side} {built['currency']}"
            reading.controls[total] = reading.controls.get(total, 0) + built[side]
    periods = [row["period"] for row in reading.rows[name]]
    reading.first_day, reading.last_day = min(periods, default=None), max(periods, default=None)
    return reading


def csv_rows(arrival: Arrival, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells of each row of a file with exactly these columns, in any order."""
    try:
        text = arrival.path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefusedError("RECORD_QUARANTINED", f"the file is not UTF-8 ({error})") from error
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        raise FileRefusedError("FILE_TRUNCATED", "the file is empty")
    header = [title.strip() for title in rows[0]]
    if missing := [name for name in columns if name not in header]:
        raise FileRefusedError("RECORD_QUARANTINED", f"the columns {missing} are missing")
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) != len(header):
            reason = "FILE_TRUNCATED" if number == len(rows) else "RECORD_QUARANTINED"
            raise FileRefusedError(
                reason, f"line {number} has {len(cells)} cells where the header has {len(header)}"
            )
        if number == len(rows) and not text.endswith("\n"):
            raise FileRefusedError("FILE_TRUNCATED", f"line {number} ends without a line break")
        yield number, dict(zip(header, cells, strict=True))


def _balance(row: Mapping[str, str], exponents: Mapping[str, int]) -> dict[str, Any]:
    currency = row["currency"]
    amounts = {
        f"{name}_minor": minor(row[name] or "0", currency, exponents)
        for name in ("opening", "debit", "credit", "closing")
    }
    period = _month(row["period"])
    return {
        "_id": f"{row['entity_id']}:{row['period']}:{row['account_code']}:{currency}",
        "entity_id": row["entity_id"],
        "period": period,
        "account_code": row["account_code"],
        "account_name": row["account_name"],
        "currency": currency,
        **amounts,
    }


def _journal_line(row: Mapping[str, str], exponents: Mapping[str, int]) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "_id": f"{row['journal_id']}:{row['line_no']}",
        "journal_id": row["journal_id"],
        "line_no": int(row["line_no"]),
        "entity_id": row["entity_id"],
        "period": _month(row["period"]),
        "posted_on": date.fromisoformat(row["posted_on"]),
        "account_code": row["account_code"],
        "currency": currency,
        "debit_minor": minor(row["debit"] or "0", currency, exponents),
        "credit_minor": minor(row["credit"] or "0", currency, exponents),
        "source": row["source"],
        "reference": row["reference"],
        "memo": row["memo"],
    }


def _month(text: str) -> date:
    """2025-03 or 2025-03-01 as the first of its month."""
    return date.fromisoformat(f"{text}-01" if len(text) == 7 else text).replace(day=1)
