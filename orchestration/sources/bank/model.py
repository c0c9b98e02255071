"""What every bank format comes down to: statements with balances, and signed lines in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Exponents = Mapping[str, int]

TRUNCATED = "FILE_TRUNCATED"
CONTROL_TOTAL = "FILE_CONTROL_TOTAL"
UNREADABLE = "RECORD_QUARANTINED"


class BankFileError(ValueError):
    """A file that must not be used; ``reason_code`` says how it failed, the message where."""

    def __init__(self, reason_code: str, problem: str) -> None:
        self.reason_code = reason_code
        super().__init__(problem)


@dataclass(frozen=True)
class Transaction:
    """One booked line; money received is positive."""

    booked_date: date
    value_date: date | None
    amount_minor: int
    currency: str
    type_code: str = ""
    bank_reference: str = ""
    customer_reference: str = ""
    payer_name: str = ""
    remittance_text: str = ""


@dataclass(frozen=True)
class RejectedRow:
    """A line that could not be read."""

    record: str
    problem: str
    text: str = ""


@dataclass
class Statement:
    """One account and day (or period). Balances are None where the format has none."""

    account: str
    currency: str
    statement_date: date
    opening_minor: int | None = None
    closing_minor: int | None = None
    transactions: list[Transaction] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)

    @property
    def credits_minor(self) -> int:
        return sum(line.amount_minor for line in self.transactions if line.amount_minor > 0)

    @property
    def debits_minor(self) -> int:
        return -sum(line.amount_minor for line in self.transactions if line.amount_minor < 0)

    def tie(self) -> None:
        """Opening plus lines is closing. Errors: BankFileError."""
        if self.opening_minor is None or self.closing_minor is None:
            return
        moved = self.credits_minor - self.debits_minor
        if self.opening_minor + moved != self.closing_minor:
            because = ""
            if self.rejected:
                because = f"; {self.rejected[0].record}: {self.rejected[0].problem}"
            raise BankFileError(
                CONTROL_TOTAL,
                f"account {self.account}, {self.statement_date}: opening {self.opening_minor}"
                f" plus lines {moved} is not closing {self.closing_minor} (minor units){because}",
            )
