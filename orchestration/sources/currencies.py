"""Money of files as integers: a decimal text and its currency's exponent give minor units, exactly.

Exponents come from the currency seed, so a currency nobody agreed on is an error, not a guess.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from orchestration.settings import DBT_PROJECT

# No exponent, no grouping, ASCII digits: what Decimal() would take besides is not money.
_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(?:\.(?P<fraction>\d*))?", re.ASCII).fullmatch
SEED = DBT_PROJECT / "seeds" / "currencies.csv"


class MoneyError(ValueError):
    """An amount that cannot be read; the message says what it is and what to do."""


def exponents(seed: Path = SEED) -> dict[str, int]:
    """Currency → number of decimals."""
    with seed.open(newline="") as handle:
        return {row["currency"]: int(row["exponent"]) for row in csv.DictReader(handle)}


def exponent_of(currency: str, known: Mapping[str, int]) -> int:
    """The decimals of one currency. Errors: MoneyError."""
    if currency not in known:
        raise MoneyError(
            f"currency {currency!r} is not in seeds/currencies.csv: add it with its exponent"
        )
    return known[currency]


def minor(text: str, currency: str, known: Mapping[str, int]) -> int:
    """``text`` in major units as minor units. Errors: MoneyError."""
    exponent = exponent_of(currency, known)
    match = _AMOUNT(text.strip())
    if match is None:
        raise MoneyError(f"amount {text[:40]!r} is not a number")
    sign, whole, fraction = match["sign"], match["whole"], (match["fraction"] or "").rstrip("0")
    if len(fraction) > exponent:
        raise MoneyError(f"amount {text[:40]!r} has more decimals than {currency} ({exponent})")
    digits = int(whole + fraction.ljust(exponent, "0"))
    if digits >= 2**63:
        raise MoneyError(f"amount {text[:40]!r} is too large")
    return -digits if sign == "-" else digits
