"""OFX 1 (SGML, elements without end tags) and 2 (XML), bank statements only.

Read as a stream of tags, so there is no XML parser to attack. The format has a closing balance and no
opening one, and no totals: what can be checked is that the file is whole.
"""

from __future__ import annotations

import html
import re
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

_TAG = re.compile(r"<(/?)([A-Z0-9.]+)>([^<]*)")


def parse(text: str, exponents: Exponents) -> list[Statement]:
    """The statements of a file. Errors: BankFileError."""
    if "</OFX>" not in text:
        raise BankFileError(TRUNCATED, "the file ends before </OFX>")
    statements = []
    for block in _blocks(text, "STMTRS") + _blocks(text, "CCSTMTRS"):
        statements.append(_statement(block, exponents))
    return statements


def _blocks(text: str, name: str) -> list[str]:
    blocks = []
    for begun in text.split(f"<{name}>")[1:]:
        inside, closing, _ = begun.partition(f"</{name}>")
        if not closing:
            raise BankFileError(TRUNCATED, f"<{name}> is never closed")
        blocks.append(inside)
    return blocks


def _values(block: str) -> dict[str, str]:
    """Each element's first text."""
    values: dict[str, str] = {}
    for closing, name, text in _TAG.findall(block):
        if not closing and text.strip():
            values.setdefault(name, html.unescape(text.strip()))
    return values


def _statement(block: str, exponents: Exponents) -> Statement:
    lines = _blocks(block, "STMTTRN")
    outside = block
    for line in lines:
        outside = outside.replace(line, "", 1)
    about = _values(outside.partition("<LEDGERBAL>")[0])
    balance = _values(outside.partition("<LEDGERBAL>")[2].partition("</LEDGERBAL>")[0])
    account, currency = about.get("ACCTID", ""), about.get("CURDEF", "")
    if not account or not currency or "BALAMT" not in balance:
        raise BankFileError(UNREADABLE, "a statement lacks ACCTID, CURDEF or LEDGERBAL")
    day = _day(balance.get("DTASOF") or about.get("DTEND", ""), "DTASOF")
    try:
        closing = minor(balance["BALAMT"], currency, exponents)
    except MoneyError as error:
        raise BankFileError(UNREADABLE, f"account {account}, LEDGERBAL: {error}") from error
    statement = Statement(account, currency, day, None, closing)
    for number, line in enumerate(lines, start=1):
        values = _values(line)
        place = f"account {account}, STMTTRN {number}"
        try:
            statement.transactions.append(_transaction(values, currency, exponents))
        except (MoneyError, BankFileError) as error:
            statement.rejected.append(RejectedRow(place, str(error), " ".join(line.split())))
    return statement


def _transaction(values: dict[str, str], currency: str, exponents: Exponents) -> Transaction:
    posted = _day(values.get("DTPOSTED", ""), "DTPOSTED")
    name = values.get("NAME", "")
    return Transaction(
        booked_date=posted,
        value_date=_day(values["DTAVAIL"], "DTAVAIL") if "DTAVAIL" in values else posted,
        amount_minor=minor(values.get("TRNAMT", ""), currency, exponents),
        currency=currency,
        type_code=values.get("TRNTYPE", ""),
        bank_reference=values.get("FITID", ""),
        customer_reference=values.get("CHECKNUM", ""),
        payer_name=name,
        remittance_text=values.get("MEMO", "") or name,
    )


def _day(text: str, name: str) -> date:
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date()
    except ValueError as error:
        raise BankFileError(UNREADABLE, f"{name} {text!r} is not a date") from error
