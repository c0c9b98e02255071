"""CSV statements of online banking: columns found by their names, tied by their running balance.

Dates are ISO or day.month.year; amounts one signed column or credit and debit columns, with a decimal
comma or point. A file whose columns are not recognised is refused, never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime

from orchestration.sources.bank.model import (
    CONTROL_TOTAL,
    UNREADABLE,
    BankFileError,
    Exponents,
    RejectedRow,
    Statement,
    Transaction,
)
from orchestration.sources.currencies import MoneyError, minor

_NAMES = {
    "booked": ("booking date", "date", "posted", "transaction date"),
    "valued": ("value date",),
    "text": ("details", "description", "remittance", "memo", "narrative"),
    "payer": ("payer", "counterparty", "name"),
    "credit": ("credit", "credit amount", "paid in"),
    "debit": ("debit", "debit amount", "paid out"),
    "amount": ("amount",),
    "currency": ("ccy", "currency"),
    "running": ("running balance", "balance"),
    "account": ("iban", "account", "account number"),
    "reference": ("ref", "reference", "bank reference", "transaction id"),
}


def parse(text: str, exponents: Exponents) -> list[Statement]:
    """One statement an account, in the order of the rows. Errors: BankFileError."""
    first_line = text.splitlines()[0]
    delimiter = max(";,\t|", key=first_line.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    columns = _columns(rows[0])
    statements: dict[str, Statement] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(rows[0]):
            raise BankFileError(
                UNREADABLE, f"line {number}: {len(row)} columns where the header has {len(rows[0])}"
            )
        cells = {name: row[index].strip() for name, index in columns.items()}
        _take(cells, number, statements, exponents, ";".join(row))
    return list(statements.values())


def _columns(header: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, title in enumerate(header):
        for name, titles in _NAMES.items():
            if title.strip().lower() in titles:
                found.setdefault(name, index)
    needed = ["booked", "currency", "account"]
    missing = [name for name in needed if name not in found]
    if missing or not ("amount" in found or {"credit", "debit"} <= found.keys()):
        raise BankFileError(
            UNREADABLE, f"the columns {header} lack {missing or 'amount, or credit and debit'}"
        )
    return found


def _take(
    cells: dict[str, str],
    number: int,
    statements: dict[str, Statement],
    exponents: Exponents,
    text: str,
) -> None:
    account, currency = cells["account"], cells["currency"]
    place = f"line {number}"
    try:
        day = _day(cells["booked"])
        amount = _amount(cells, currency, exponents)
        running = _money(cells.get("running", ""), currency, exponents)
        valued = _day(cells["valued"]) if cells.get("valued") else day
    except (MoneyError, ValueError) as error:
        rejected = RejectedRow(place, str(error), text)
        if account not in statements:
            raise BankFileError(UNREADABLE, f"{place}: {error}") from error
        statements[account].rejected.append(rejected)
        return
    statement = statements.setdefault(account, Statement(account, currency, day))
    if running is not None:
        if statement.closing_minor is None:
            statement.opening_minor = running - amount
        elif statement.closing_minor + amount != running:
            raise BankFileError(
                CONTROL_TOTAL,
                f"{place}: balance {statement.closing_minor} plus {amount} is not {running}"
                " (minor units)",
            )
        statement.closing_minor = running
    statement.statement_date = max(statement.statement_date, day)
    statement.transactions.append(
        Transaction(
            booked_date=day,
            value_date=valued,
            amount_minor=amount,
            currency=currency,
            bank_reference=cells.get("reference", ""),
            payer_name=cells.get("payer", ""),
            remittance_text=cells.get("text", ""),
        )
    )


def _amount(cells: dict[str, str], currency: str, exponents: Exponents) -> int:
    if cells.get("amount"):
        signed = _money(cells["amount"], currency, exponents)
        assert signed is not None
        return signed
    credit = _money(cells.get("credit", ""), currency, exponents)
    debit = _money(cells.get("debit", ""), currency, exponents)
    if credit is None and debit is None:
        raise MoneyError("neither credit nor debit is filled")
    return (credit or 0) - abs(debit or 0)


def _money(text: str, currency: str, exponents: Exponents) -> int | None:
    if not text:
        return None
    plain = re.sub(r"[\s\u00a0']", "", text)
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d{1,2}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    return minor(plain, currency, exponents)


def _day(text: str) -> date:
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    raise ValueError(f"{text!r} is neither YYYY-MM-DD nor DD.MM.YYYY")
