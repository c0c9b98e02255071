"""BAI2 (cash management balance reporting): groups, accounts, details, with counts at each level.

Amounts are minor units already. Control totals and record counts of account, group and file are
all checked. Funds types S, D and V, continuations anywhere, and records sharing a line are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from orchestration.sources.bank.model import (
    CONTROL_TOTAL,
    TRUNCATED,
    UNREADABLE,
    BankFileError,
    Exponents,
    RejectedRow,
    Statement,
    Transaction,
)
from orchestration.sources.currencies import MoneyError, exponent_of

_CODES = {"01", "02", "03", "16", "49", "88", "98", "99"}
_NEXT_ON_LINE = re.compile(r"/(?=(?:01|02|03|16|49|88|98|99),)")
_PAYER = re.compile(r"\b(?:PAYER|ORIG|ORIGINATOR|ORIG CO NAME): ?(.+?)(?= ?[/;|]| [A-Z]{3,}:|$)")
_OPENING, _CLOSING = "010", "015"
_DEFAULT_CURRENCY = "USD"


@dataclass
class _Record:
    """A record with its continuations; ``lines`` is how many the trailers count it as."""

    code: str
    fields: list[str]
    number: int
    lines: int = 1


def parse(text: str, exponents: Exponents) -> list[Statement]:
    """The statements of a file, one an account and group. Errors: BankFileError."""
    last = text.rstrip().rpartition("\n")[2]
    if not (last.startswith("99,") or "/99," in last):
        raise BankFileError(TRUNCATED, "the file ends before its trailer (record 99)")
    try:
        return _File(_records(text, split_details=False), exponents).statements
    except BankFileError:
        # Details may share a line as well. Their text may also hold what looks like a record,
        # so this reading counts only if it ties where the plain one does not.
        split = _records(text, split_details=True)
        if len(split) == len(_records(text, split_details=False)):
            raise
        return _File(split, exponents).statements


def _records(text: str, *, split_details: bool) -> list[_Record]:
    found: list[_Record] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for piece in _pieces(line.strip(), split_details):
            code, _, rest = piece.partition(",")
            if code not in _CODES:
                raise BankFileError(TRUNCATED, f"line {number}: {piece[:20]!r} is no BAI2 record")
            if code != "88":
                found.append(_Record(code, _fields(rest), number))
            elif not found:
                raise BankFileError(UNREADABLE, f"line {number}: a continuation continues nothing")
            else:
                _continue(found[-1], rest)
    return found


def _pieces(line: str, split_details: bool) -> list[str]:
    pieces: list[str] = []
    while line:
        is_detail = line[:2] in ("16", "88")
        cut = _NEXT_ON_LINE.search(line) if split_details or not is_detail else None
        if cut is None:
            return [*pieces, line]
        pieces.append(line[: cut.start() + 1])
        line = line[cut.end() :]
    return pieces


def _fields(rest: str) -> list[str]:
    return rest.removesuffix("/").split(",")


def _continue(record: _Record, rest: str) -> None:
    """A continuation goes on after the last field; within a detail's text, after its last word."""
    record.lines += 1
    if record.code == "16" and len(_funds(record.fields[2:], record)[1]) >= 3:
        record.fields[-1] = f"{record.fields[-1]} {rest.removesuffix('/')}"
    else:
        record.fields.extend(_fields(rest))


@dataclass
class _Account:
    statement: Statement
    total: int = 0
    lines: int = 0


@dataclass
class _Group:
    day: date
    currency: str
    total: int = 0
    accounts: int = 0
    lines: int = 0


@dataclass
class _File:
    """Walks the records and checks every trailer against what was read."""

    records: list[_Record]
    exponents: Exponents
    statements: list[Statement] = field(default_factory=list)

    def __post_init__(self) -> None:
        group: _Group | None = None
        account: _Account | None = None
        file_total = groups = lines = 0
        closed = False
        for record in self.records:
            lines += record.lines
            if closed:
                raise BankFileError(UNREADABLE, f"line {record.number}: a record after the trailer")
            if record.code == "02":
                group = self._group(record)
            elif record.code == "03" and group:
                account = self._account(record, group)
            elif record.code == "16" and account and group:
                self._detail(record, account, group)
            elif record.code == "49" and account and group:
                account.lines += record.lines
                self._check(
                    record, f"account {account.statement.account}", account.total, account.lines, 1
                )
                group.total += _whole(record, 0)
                group.accounts += 1
                group.lines += account.lines
                account = None
            elif record.code == "98" and group and account is None:
                group.lines += record.lines
                self._check(
                    record, f"group {group.day}", group.total, group.lines, 2, group.accounts
                )
                file_total += _whole(record, 0)
                groups += 1
                group = None
            elif record.code == "99" and group is None:
                self._check(record, "file", file_total, lines, 2, groups)
                closed = True
            elif record.code != "01":
                raise BankFileError(
                    TRUNCATED, f"line {record.number}: record {record.code} stands where none may"
                )
        if not closed:
            raise BankFileError(TRUNCATED, "the file ends before its trailer (record 99)")

    def _group(self, record: _Record) -> _Group:
        currency = record.fields[5] if len(record.fields) > 5 else ""
        day = _day(_at(record, 3), record)
        return _Group(day, currency.strip() or _DEFAULT_CURRENCY, lines=record.lines)

    def _account(self, record: _Record, group: _Group) -> _Account:
        currency = _at(record, 1).strip() or group.currency
        try:
            exponent_of(currency, self.exponents)
        except MoneyError as error:
            raise BankFileError(UNREADABLE, f"line {record.number}: {error}") from error
        statement = Statement(_at(record, 0).strip(), currency, group.day)
        account = _Account(statement, lines=record.lines)
        self.statements.append(statement)
        rest = record.fields[2:]
        while rest:
            if not rest[0].strip():
                rest = rest[1:]  # Some banks end a record with one comma more.
                continue
            code, amount = rest[0].strip(), rest[1].strip() if len(rest) > 1 else ""
            rest = _funds(rest[3:], record)[1]
            if amount:
                value = _integer(amount, record)
                account.total += value
                if code == _OPENING:
                    statement.opening_minor = value
                elif code == _CLOSING:
                    statement.closing_minor = value
        return account

    def _detail(self, record: _Record, account: _Account, group: _Group) -> None:
        account.lines += record.lines
        code, amount = _at(record, 0).strip(), _at(record, 1).strip()
        value_date, rest = _funds(record.fields[2:], record)
        place = f"line {record.number}"
        if not code.isdigit() or not amount.lstrip("+-").isdigit():
            problem = f"type {code!r} with amount {amount!r} is not a detail"
            account.statement.rejected.append(RejectedRow(place, problem, ",".join(record.fields)))
            return
        value = int(amount)
        account.total += value
        if not 100 <= int(code) <= 699:
            return  # Loans and notices (7xx, 890) move no balance.
        account.statement.transactions.append(
            Transaction(
                booked_date=group.day,
                value_date=value_date or group.day,
                amount_minor=value if int(code) < 400 else -value,
                currency=account.statement.currency,
                type_code=code,
                bank_reference=rest[0].strip() if rest else "",
                customer_reference=rest[1].strip() if len(rest) > 1 else "",
                remittance_text=" ".join(",".join(rest[2:]).split()),
                payer_name=_payer(",".join(rest[2:])),
            )
        )

    def _check(
        self,
        record: _Record,
        what: str,
        total: int,
        lines: int,
        lines_at: int,
        members: int | None = None,
    ) -> None:
        if len(record.fields) <= lines_at or not record.fields[lines_at].strip():
            raise BankFileError(
                TRUNCATED, f"line {record.number}: the trailer of {what} is cut off"
            )
        said = _whole(record, 0)
        if said != total:
            raise BankFileError(
                CONTROL_TOTAL,
                f"line {record.number}: {what} totals {total}, its trailer says {said}",
            )
        if members is not None and _whole(record, 1) != members:
            raise BankFileError(
                CONTROL_TOTAL,
                f"line {record.number}: {what} has {members} parts, its trailer says"
                f" {_whole(record, 1)}",
            )
        if _whole(record, lines_at) != lines:
            raise BankFileError(
                CONTROL_TOTAL,
                f"line {record.number}: {what} has {lines} records, its trailer says"
                f" {_whole(record, lines_at)}",
            )


def _at(record: _Record, index: int) -> str:
    if index >= len(record.fields):
        raise BankFileError(TRUNCATED, f"line {record.number}: record {record.code} is cut off")
    return record.fields[index]


def _integer(text: str, record: _Record) -> int:
    if not re.fullmatch(r"[+-]?\d+", text.strip(), re.ASCII):
        raise BankFileError(UNREADABLE, f"line {record.number}: {text!r} is not an amount")
    return int(text)


def _whole(record: _Record, index: int) -> int:
    """A number of a trailer; blank counts as nothing."""
    text = _at(record, index).strip()
    return _integer(text, record) if text else 0


def _funds(rest: list[str], record: _Record) -> tuple[date | None, list[str]]:
    """The value date, if the funds type gives one, and what follows the funds type."""
    if not rest:
        return None, []
    kind = rest[0].strip().upper()
    if kind == "S":
        return None, rest[4:]
    if kind == "V":
        day = rest[1].strip() if len(rest) > 1 else ""
        return (_day(day, record) if day else None), rest[3:]
    if kind == "D":
        count = rest[1].strip() if len(rest) > 1 else ""
        if not count.isdigit():
            raise BankFileError(UNREADABLE, f"line {record.number}: funds type D without a count")
        return None, rest[2 + 2 * int(count) :]
    return None, rest[1:]


def _day(text: str, record: _Record) -> date:
    try:
        return datetime.strptime(text.strip(), "%y%m%d").date()
    except ValueError as error:
        raise BankFileError(UNREADABLE, f"line {record.number}: {text!r} is not a date") from error


def _payer(text: str) -> str:
    """Who paid, where the bank labels it; a label is capitals and a colon, up to the next one."""
    match = _PAYER.search(" ".join(text.split()))
    return match[1] if match else ""
