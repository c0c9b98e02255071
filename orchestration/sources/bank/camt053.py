"""CAMT.053 (ISO 20022 bank-to-customer statement), any version. Its XML is treated as hostile.

No document type, no entities, no network, bounded size. Booked entries only; the summary's counts and
sums, where a bank gives them, are checked besides the balances.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

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
from orchestration.sources.currencies import MoneyError, minor

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)


def parse(content: bytes, exponents: Exponents) -> list[Statement]:
    """The statements of a document. Errors: BankFileError."""
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BankFileError(
            UNREADABLE, f"the XML declares what a statement never needs ({error})"
        ) from error
    except ElementTree.ParseError as error:
        if re.search(rb"</(?:\w+:)?Document>\s*$", content):
            raise BankFileError(UNREADABLE, f"the XML is not well formed ({error})") from error
        raise BankFileError(TRUNCATED, f"the XML ends before </Document> ({error})") from error
    statements = root.findall("{*}BkToCstmrStmt/{*}Stmt")
    if not statements:
        raise BankFileError(UNREADABLE, "the XML holds no BkToCstmrStmt/Stmt: it is not CAMT.053")
    return [_statement(element, exponents) for element in statements]


def _statement(element: Element, exponents: Exponents) -> Statement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    if not account:
        raise BankFileError(UNREADABLE, f"statement {_text(element, 'Id')} names no account")
    balances: dict[str, int] = {}
    balance_day = currency = ""
    for balance in element.findall("{*}Bal"):
        code = _text(balance, "Tp/CdOrPrtry/Cd")
        amount = balance.find("{*}Amt")
        if amount is None or code not in (*_OPENING, *_CLOSING):
            continue
        currency = amount.get("Ccy", "")
        balances.setdefault(code, _money(balance, f"account {account}, balance {code}", exponents))
        if code in _CLOSING:
            balance_day = _text(balance, "Dt/Dt") or _text(balance, "Dt/DtTm")
    entries = element.findall("{*}Ntry")
    first = entries[0].find("{*}Amt") if entries else None
    currency = _text(element, "Acct/Ccy") or currency
    currency = currency or (first.get("Ccy", "") if first is not None else "")
    day = balance_day or _text(element, "FrToDt/ToDtTm") or _text(element, "CreDtTm")
    statement = Statement(
        account,
        currency,
        _day(day, f"account {account}"),
        next((balances[code] for code in _OPENING if code in balances), None),
        next((balances[code] for code in _CLOSING if code in balances), None),
    )
    booked = [entry for entry in entries if _status(entry) in ("BOOK", "")]
    for number, entry in enumerate(booked, start=1):
        place = f"account {account}, entry {number}"
        try:
            statement.transactions.append(_transaction(entry, place, statement, exponents))
        except BankFileError as error:
            problem = str(error).removeprefix(f"{place}: ")
            text = "".join(entry.itertext())
            statement.rejected.append(RejectedRow(place, problem, " ".join(text.split())))
    _check_summary(element, statement, len(booked), exponents)
    return statement


def _transaction(
    entry: Element, place: str, statement: Statement, exponents: Exponents
) -> Transaction:
    amount = entry.find("{*}Amt")
    booked = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm")
    valued = _text(entry, "ValDt/Dt") or _text(entry, "ValDt/DtTm")
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    signed = _money(entry, place, exponents)
    party = "Dbtr" if signed > 0 else "Cdtr"
    return Transaction(
        booked_date=_day(booked, place) if booked else statement.statement_date,
        value_date=_day(valued, place) if valued else None,
        amount_minor=signed,
        currency=amount.get("Ccy", "") if amount is not None else statement.currency,
        type_code=_type_code(entry),
        bank_reference=_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"),
        customer_reference=_joined(details, "Refs/EndToEndId"),
        payer_name=_joined(details, f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm"),
        remittance_text=_joined(details, "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "AddtlTxInf")
        or _text(entry, "AddtlNtryInf"),
    )


def _money(element: Element, place: str, exponents: Exponents) -> int:
    amount = element.find("{*}Amt")
    if amount is None:
        raise BankFileError(UNREADABLE, f"{place}: no amount")
    try:
        value = minor(amount.text or "", amount.get("Ccy", ""), exponents)
    except MoneyError as error:
        raise BankFileError(UNREADABLE, f"{place}: {error}") from error
    mark = _text(element, "CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise BankFileError(UNREADABLE, f"{place}: CdtDbtInd is {mark!r}, neither CRDT nor DBIT")
    return value if mark == "CRDT" else -value


def _check_summary(
    element: Element, statement: Statement, booked: int, exponents: Exponents
) -> None:
    sums = (
        ("TtlNtries", None, booked),
        ("TtlCdtNtries", statement.credits_minor, None),
        ("TtlDbtNtries", statement.debits_minor, None),
    )
    for name, total, count in sums:
        said_count = _text(element, f"TxsSummry/{name}/NbOfNtries")
        said_sum = _text(element, f"TxsSummry/{name}/Sum")
        if count is not None and said_count and said_count != str(count):
            raise BankFileError(
                CONTROL_TOTAL,
                f"account {statement.account}, {statement.statement_date}: {count} entries, the"
                f" summary says {said_count}",
            )
        if total is not None and said_sum:
            try:
                said = minor(said_sum, statement.currency, exponents)
            except MoneyError as error:
                raise BankFileError(UNREADABLE, f"TxsSummry/{name}/Sum: {error}") from error
            if said != total:
                raise BankFileError(
                    CONTROL_TOTAL,
                    f"account {statement.account}, {statement.statement_date}: entries sum to"
                    f" {total}, {name} says {said} (minor units)",
                )


def _status(entry: Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _type_code(entry: Element) -> str:
    domain = [_text(entry, f"BkTxCd/Domn/{part}") for part in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(part for part in domain if part) or _text(entry, "BkTxCd/Prtry/Cd")


def _text(element: Element, path: str) -> str:
    found = element.find("/".join("{*}" + step for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _joined(details: list[Element], *paths: str) -> str:
    parts = []
    for detail in details:
        for path in paths:
            steps = "/".join("{*}" + step for step in path.split("/"))
            parts += [" ".join((found.text or "").split()) for found in detail.findall(steps)]
    return " ".join(dict.fromkeys(part for part in parts if part))


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise BankFileError(UNREADABLE, f"{place}: {text!r} is not a date") from error
