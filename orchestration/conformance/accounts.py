"""Compares a case's accounts: movements and balances by account, and that nothing else moved.

Names for the accounts of the chart are listed here, as FORMAT.md gives them. Amounts are on the account's normal
side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from orchestration.conformance.comparing import (
    Difference,
    Figures,
    Owner,
    exactly,
    outside,
    until,
    within,
)
from orchestration.conformance.expected import ExpectedAccounts
from orchestration.conformance.measured import GapError, Measured

ACCOUNTS = {
    "cash": ("1000", "1050", "1090"),
    "accounts_receivable": ("1100",),
    "unbilled_receivable": ("1150",),
    "contract_asset": ("1160",),
    "refund_asset": ("1400",),
    "supplier_payable": ("2000",),
    "deferred_revenue": ("2100", "2150"),
    "customer_deposits": ("2200",),
    "customer_credit_balance": ("2250",),
    "unapplied_cash": ("2300",),
    "billing_suspense": ("2350",),
    "refund_liability": ("2400",),
    "tax_payable": ("2500",),
    "refunds": ("4900",),
    "credit_notes": ("4910",),
    "disputes": ("4920",),
    "voids": ("4930",),
    "discounts": ("4940",),
    "concessions": ("4950",),
    "processor_fees": ("6000",),
    "credit_loss_expense": ("6100",),
    "fx_gain_or_loss": ("7000",),
    "fx_unrealised": ("7010",),
}


class AccountComparison:
    """The accounts of one case against the ledger."""

    def __init__(self, figures: Figures, measured: Measured) -> None:
        self.case, self.name = figures.case, figures.name
        self.figures, self.measured = figures, measured

    def sections(self) -> dict[str, Callable[[], Iterator[Difference]]]:
        return {"accounts": self._accounts}

    def _accounts(self) -> Iterator[Difference]:
        for row in self.case.expected.accounts:
            yield from _Block(self, row).differences()


class _Block:
    """One row of ``expected.accounts``."""

    def __init__(self, owner: AccountComparison, row: ExpectedAccounts) -> None:
        self.row, self.figures, self.measured = row, owner.figures, owner.measured
        functional = row.books == "functional"
        self.reading = "functional_entries" if functional else "entries"
        self.owner: Owner = {
            "entity_id": owner.name(row.entity) if row.entity else owner.figures.is_own,
            "contract_id": owner.name(row.contract) if row.contract else None,
            "functional_currency" if functional else "currency": row.currency,
        }
        entities = {entity.id: entity.currency for entity in owner.case.entities}
        own = entities[row.entity or owner.case.entities[0].id]
        self.currency = row.currency or (own if functional else owner.case.currency)

    def differences(self) -> Iterator[Difference]:
        for name, periods in self.row.movements.items():
            for period, amount in periods.items():
                found = self._moved(name, within(period))
                yield from self.figures.check(f"{name} in {period}", amount, found, self.currency)
        for name, instants in self.row.balances.items():
            for at, amount in instants.items():
                found = self._moved(name, until(at))
                what = f"{name} at the end of {at}"
                yield from self.figures.check(what, amount, found, self.currency)
        if self.row.nothing_else:
            yield from self._anything_else()

    def _anything_else(self) -> Iterator[Difference]:
        # Two accounts under one name may move against each other.
        listed = {code: name for name in self.row.movements for code in self._codes(name)}
        moved: set[tuple[str, date]] = {
            (listed.get(str(key[3]), str(key[3])), key[4])
            for key, _ in self.measured.rows(self.reading)
            if self.figures.is_own(key[0])
        }
        for name, month in sorted(moved):
            if outside(self.row.movements.get(name, {}))(month):
                found = self._moved(name, exactly(month))
                if found:
                    what = f"{name} in {month:%Y-%m}"
                    yield from self.figures.check(what, Decimal(0), found, self.currency)

    def _moved(self, name: str, period: Callable[[date], bool]) -> int:
        sides = {code: side for code, _, side in self.measured.accounts}
        total = 0
        for code in self._codes(name):
            wanted = {**self.owner, "account_code": code, "period": period}
            moved = self.measured.total(self.reading, wanted)
            total += moved if sides[code] == "debit" else -moved
        return total

    def _codes(self, name: str) -> tuple[str, ...]:
        kinds = {code: kind for code, kind, _ in self.measured.accounts}
        if name == "revenue":
            return tuple(sorted(code for code, kind in kinds.items() if kind == "revenue"))
        codes = ACCOUNTS.get(name, (name,))
        if not set(codes) <= set(kinds):
            raise GapError(f"the chart of accounts has no {name}")
        return codes
