"""MT940 (SWIFT customer statement): many statements a file, each tied by its balances.

Dialects differ in what stands around the tags, so only the tags are read: 20, 25, 28, 60, 61, 62, 86.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from orchestration.sources.bank.model import (
    TRUNCATED,
    UNREADABLE,
    BankFileError,
    Exponents,
    RejectedRow,
    Statement,
    Transaction,
)
from orchestration.sources.currencies import MoneyError, minor

_TAG = re.compile(r"^:(\d\d[A-Z]?):(.*)$")
_BALANCE = re.compile(r"^([CD])(\d{6})([A-Z]{3})([\d,]+)$")
_LINE = re.compile(
    r"^(?P<day>\d{6})(?P<entry>\d{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>\d[\d,]*)"
    r"(?P<type>[A-Z][A-Z0-9]{3})(?P<reference>.*)$"
)


def parse(text: str, exponents: Exponents) -> list[Statement]:
    """The statements of a file. Errors: BankFileError."""
    statements: list[Statement] = []
    current: _Open | None = None
    tags = list(_tags(text))
    for place, (number, tag, value) in enumerate(tags, start=1):
        if place == len(tags) and tag in ("60F", "60M", "62F", "62M") and not _whole(value):
            raise BankFileError(TRUNCATED, f"line {number}: the file ends within a balance")
        if tag == "20":
            if current is not None:
                current.refuse()
            current = _Open(number, exponents)
        elif current is None:
            raise BankFileError(UNREADABLE, f"line {number}: tag {tag} outside a statement")
        elif current.take(number, tag, value):
            statements.append(current.statement())
            current = None
    if current is not None:
        current.refuse()
    return statements


def _tags(text: str) -> Iterator[tuple[int, str, str]]:
    """Each tag with its value, continuation lines joined by line breaks. After 62 come only extras."""
    pending: tuple[int, str, list[str]] | None = None
    after_end = False
    for number, line in enumerate(text.splitlines(), start=1):
        match = _TAG.match(line.rstrip())
        if match:
            if pending:
                yield pending[0], pending[1], "\n".join(pending[2])
            pending = None
            if match[1] == "20":
                after_end = False
            if not (after_end and match[1] in ("64", "65", "86")):
                pending = (number, match[1], [match[2]])
            after_end = after_end or match[1] in ("62F", "62M")
        elif line.startswith(("-}", "{")) or line.strip() in ("-", ""):
            continue
        elif pending and not re.fullmatch(r":\d{3}:", line.strip()):
            pending[2].append(line.strip())
    if pending:
        yield pending[0], pending[1], "\n".join(pending[2])


class _Open:
    """A statement whose closing balance has not come yet."""

    def __init__(self, number: int, exponents: Exponents) -> None:
        self._number = number
        self._exponents = exponents
        self._account = ""
        self._currency = ""
        self._opening: int | None = None
        self._closing: int | None = None
        self._day: date | None = None
        self._lines: list[Transaction] = []
        self._rejected: list[RejectedRow] = []

    def refuse(self) -> None:
        raise BankFileError(
            TRUNCATED,
            f"the statement that begins at line {self._number} ends before its closing balance (62)",
        )

    def take(self, number: int, tag: str, value: str) -> bool:
        """Read one tag; true when it closes the statement."""
        if tag == "25":
            self._account = value.split("\n")[0].strip()
        elif tag in ("60F", "60M"):
            self._currency, self._opening, _ = self._balance(number, value)
        elif tag == "61":
            self._line(number, value)
        elif tag == "86" and self._lines:
            last = self._lines[-1]
            told = " ".join(value.split())
            self._lines[-1] = Transaction(
                **{**vars(last), "remittance_text": f"{last.remittance_text} {told}".strip()}
            )
        elif tag in ("62F", "62M"):
            _, self._closing, self._day = self._balance(number, value)
            return True
        return False

    def statement(self) -> Statement:
        if not self._account or self._opening is None:
            raise BankFileError(
                UNREADABLE, f"the statement at line {self._number} lacks account or opening balance"
            )
        assert self._day is not None
        return Statement(
            self._account,
            self._currency,
            self._day,
            self._opening,
            self._closing,
            self._lines,
            self._rejected,
        )

    def _balance(self, number: int, value: str) -> tuple[str, int, date]:
        match = _BALANCE.match(value.split("\n")[0].strip())
        if not match:
            raise BankFileError(UNREADABLE, f"line {number}: {value[:40]!r} is not a balance")
        amount = self._money(match[4], match[3], f"line {number}")
        return match[3], amount if match[1] == "C" else -amount, _day(match[2], number)

    def _line(self, number: int, value: str) -> None:
        first, *more = value.split("\n")
        match = _LINE.match(first.strip())
        try:
            if not match:
                raise BankFileError(UNREADABLE, f"{first[:40]!r} is not a statement line")
            amount = self._money(match["amount"], self._currency, "amount")
            booked = _day(match["day"], number)
        except BankFileError as error:
            self._rejected.append(RejectedRow(f"line {number}", str(error), value))
            return
        customer, _, bank = match["reference"].partition("//")
        # RC takes a credit back, RD a debit.
        is_credit = match["mark"] in ("C", "RD")
        self._lines.append(
            Transaction(
                booked_date=_entry_day(booked, match["entry"]),
                value_date=booked,
                amount_minor=amount if is_credit else -amount,
                currency=self._currency,
                type_code=match["type"],
                bank_reference=bank.strip(),
                customer_reference="" if customer in ("NONREF", "N") else customer.strip(),
                remittance_text=" ".join(" ".join(more).split()),
            )
        )

    def _money(self, text: str, currency: str, place: str) -> int:
        try:
            return minor(text.replace(",", "."), currency, self._exponents)
        except MoneyError as error:
            raise BankFileError(UNREADABLE, f"{place}: {error}") from error


def _whole(balance: str) -> bool:
    return _BALANCE.match(balance.split("\n")[0].strip()) is not None


def _day(text: str, number: int) -> date:
    try:
        return datetime.strptime(text, "%y%m%d").date()
    except ValueError as error:
        raise BankFileError(UNREADABLE, f"line {number}: {text!r} is not a date") from error


def _entry_day(valued: date, entry: str | None) -> date:
    """The booking day MMDD in the year that puts it nearest to the value date."""
    if not entry:
        return valued
    candidates = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            candidates.append(date(year, int(entry[:2]), int(entry[2:])))
        except ValueError:
            continue
    return min(candidates, key=lambda day: abs((day - valued).days), default=valued)
