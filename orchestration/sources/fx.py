"""Daily reference rates, one CSV a month: base, quote and the rate as an exact decimal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from orchestration.landing import Refusal
from orchestration.sources.currencies import MoneyError, exponent_of
from orchestration.sources.drops import Arrival, Reading, end_of_month
from orchestration.sources.erp import csv_rows

_COLUMNS = ("date", "base", "quote", "rate")
_RATE = re.compile(r"\d{1,10}(\.\d{1,8})?", re.ASCII).fullmatch


def read_file(arrival: Arrival, exponents: Mapping[str, int]) -> Reading:
    """The rates of one file. Errors: FileRefusedError."""
    reading = Reading({"rate": []})
    for number, row in csv_rows(arrival, _COLUMNS):
        try:
            day = date.fromisoformat(row["date"])
            for currency in (row["base"], row["quote"]):
                exponent_of(currency, exponents)
            if not _RATE(row["rate"]) or not Decimal(row["rate"]):
                raise ValueError(f"rate {row['rate']!r} is no positive decimal of 8 places at most")
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
        reading.rows["rate"].append(
            {
                "_id": f"{day}:{row['base']}:{row['quote']}",
                "_version_at": end_of_month(day.replace(day=1)),
                "_file": arrival.file,
                "rate_date": day,
                "base_currency": row["base"],
                "quote_currency": row["quote"],
                "rate": Decimal(row["rate"]),
            }
        )
    days = [row["rate_date"] for row in reading.rows["rate"]]
    reading.first_day, reading.last_day = min(days, default=None), max(days, default=None)
    return reading
