"""Scalars of a case file: money, numbers, days, periods and names, each read from text and nothing else.

No value ever passes through a binary fraction. What a scalar means belongs here; which key holds it
belongs to the modules beside this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

# ISO 4217: decimal places of the minor unit where they are not two.
EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3}

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_PERIOD = re.compile(r"(?P<year>[0-9]{4})(-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


class Strict(BaseModel):
    """A mapping of a case file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a decimal number: digits, an optional point, an optional minus"
        )
    return Decimal(value)


def _fraction(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is not a fraction from 0 to 1")
    return value


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f"{value} is not above zero")
    return value


def period_bounds(text: str) -> tuple[date, date]:
    """First day and first day after a month (2026-01), quarter (2026-Q1), year or range of them (a..b)."""
    first, _, last = text.partition("..")
    return _bounds(first)[0], _bounds(last or first)[1]


def _bounds(text: str) -> tuple[date, date]:
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a period: write 2026-01, 2026-Q1, 2026 or a range as 2026-01..2026-06"
        )
    year = int(found["year"])
    if found["month"]:
        start, length = int(found["month"]), 1
    elif found["quarter"]:
        start, length = 3 * int(found["quarter"]) - 2, 3
    else:
        start, length = 1, 12
    return date(year, start, 1), next_months(date(year, start, 1), length)


def next_months(day: date, count: int) -> date:
    """The first of the month that comes ``count`` months after the month of a day."""
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def months_between(first: date, end: date) -> Iterator[date]:
    """First days of the months from the month of ``first`` to before ``end``."""
    month = first.replace(day=1)
    while month < end:
        yield month
        month = next_months(month, 1)


def _period(text: str) -> str:
    first, end = period_bounds(text)
    if first >= end:
        raise ValueError(f"{text!r} ends before it starts")
    return text


def _single(text: str) -> str:
    _bounds(text)
    return text


MONEY = "money"  # marks amounts in major units, whose places are checked against their currency
Number = Annotated[Decimal, BeforeValidator(_decimal)]
Quantity = Number
Money = Annotated[Decimal, BeforeValidator(_decimal), MONEY]
Positive = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_positive)]
Fraction = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_fraction)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Period = Annotated[str, AfterValidator(_period)]
Instant = Annotated[str, AfterValidator(_single)]  # the end of this month, quarter or year
ByPeriod = Annotated[dict[Period, Money], Field(min_length=1)]
ByInstant = Annotated[dict[Instant, Money], Field(min_length=1)]
ByDay = Annotated[dict[date, Money], Field(min_length=1)]


class Span(Strict):
    """Days from ``from`` (included) to ``to`` (excluded)."""

    start: date = Field(alias="from")
    end: date = Field(alias="to")

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)


def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit."""
    return EXPONENTS.get(currency, 2)


def places(amount: Decimal) -> int:
    """Decimal places an amount is written with."""
    written = amount.as_tuple().exponent
    return max(0, -written) if isinstance(written, int) else 0


def minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units; exact, because the case has been checked for places."""
    return int(amount.scaleb(exponent(currency)))
