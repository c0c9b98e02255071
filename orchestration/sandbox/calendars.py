"""Dates and instants of the sandbox: months, business days, Unix times and their written forms.

Everything is UTC; periods are half open; a month is its first day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


def month_first(day: date) -> date:
    """First day of the month of ``day``."""
    return day.replace(day=1)


@lru_cache(maxsize=65_536)
def add_months(day: date, months: int) -> date:
    """``day`` moved by whole months, clamped to the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def months_between(first: date, last: date) -> int:
    """Whole months from the month of ``first`` to the month of ``last``."""
    return (last.year - first.year) * 12 + last.month - first.month


def unix(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Unix time of a UTC wall-clock time."""
    return (day.toordinal() - _EPOCH) * DAY + hour * 3600 + minute * 60 + second


def day_of(instant: int) -> date:
    """UTC day of a Unix time."""
    return date.fromordinal(instant // DAY + _EPOCH)


def salesforce_time(instant: int) -> str:
    """The form of a Salesforce dateTime field."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def business_day(day: date) -> date:
    """``day`` or the next weekday after it."""
    weekday = day.weekday()
    return day if weekday < 5 else day + timedelta(days=7 - weekday)


def month_key(day: date) -> str:
    """``YYYY-MM``."""
    return f"{day.year:04d}-{day.month:02d}"
