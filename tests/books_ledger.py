"""Small ledgers for the tests of the books: entries written by hand, loaded as a computed relation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import duckdb

from orchestration.books import Act, Materiality

RELATION = "ledger_entry_lines"


@dataclass(frozen=True)
class Line:
    """One line of an entry; ``amount`` is debit positive."""

    entry_key: str
    account: str
    amount: int
    period: date = date(2026, 1, 1)
    entry_type: str = "invoice"
    entity: str = "US01"
    currency: str = "USD"
    stream: str | None = None
    contract: str | None = "C1"
    invoice: str | None = None
    rule: str = "invoice finalised"
    evidence: str = "stripe:invoice:in_1"

    def row(self) -> tuple[object, ...]:
        return (
            self.entry_key,
            self.entry_type,
            self.rule,
            self.entity,
            self.period,
            self.period,
            self.currency,
            self.account,
            max(self.amount, 0),
            max(-self.amount, 0),
            self.amount,
            self.stream,
            self.contract,
            None,
            None,
            self.invoice,
            self.evidence,
        )


COLUMNS = (
    "entry_key varchar, entry_type varchar, rule varchar, entity_id varchar, entry_date date, "
    "period date, currency varchar, account_code varchar, debit_minor bigint, "
    "credit_minor bigint, amount_minor bigint, stream varchar, contract_id varchar, "
    "obligation_id varchar, customer_id varchar, invoice_id varchar, evidence_ref varchar"
)


def load(con: duckdb.DuckDBPyConnection, lines: list[Line], relation: str = RELATION) -> str:
    """Make the lines the computed relation of this connection."""
    con.execute(f"create or replace table {relation} ({COLUMNS})")
    if lines:
        marks = "(" + ", ".join("?" for _ in lines[0].row()) + ")"
        values = [value for line in lines for value in line.row()]
        con.execute(f"insert into {relation} values {', '.join([marks] * len(lines))}", values)
    return relation


def invoice(number: str, amount: int, period: date, **more: object) -> list[Line]:
    """Dr receivable / Cr deferred revenue."""
    key = f"invoice:{number}"
    base = Line(key, "1100", amount, period, invoice=number, evidence=f"stripe:invoice:{number}")
    base = replace(base, **more)  # type: ignore[arg-type]
    return [base, replace(base, account="2100", amount=-amount)]


def revenue(obligation: str, amount: int, period: date, **more: object) -> list[Line]:
    """Dr deferred revenue / Cr revenue of an on-demand stream unless said otherwise."""
    base = Line(
        f"revenue:{obligation}:{period}",
        "2100",
        amount,
        period,
        entry_type="revenue",
        stream="on_demand",
        rule="recognised to date less recognised before",
        evidence=f"salesforce:order_item:{obligation}",
    )
    base = replace(base, **more)  # type: ignore[arg-type]
    return [base, replace(base, account="4010", amount=-amount)]


def act(period: date, **more: object) -> Act:
    """A complete act on a period; tests change the part they are about."""
    stated = Act(
        period=period,
        cut_off=datetime(2026, 7, 1, tzinfo=UTC),
        policy_hash="policy-1",
        code_revision="revision-1",
        prepared_by="ana",
        approved_by="ben",
        sealed_at=datetime(2026, 7, 3, 9, tzinfo=UTC),
        materiality=Materiality(),
    )
    return replace(stated, **more)  # type: ignore[arg-type]
