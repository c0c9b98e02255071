"""The general ledger of the sandbox's ERP as it grows: signed amounts by journal and account. Debits are positive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

CASH, CLEARING, TREASURY = "1000", "1050", "1090"
RECEIVABLE, UNBILLED, CONTRACT_ASSET = "1100", "1150", "1160"
SUPPLIERS, DEFERRED, UNAPPLIED, SUSPENSE, TAX = "2000", "2100", "2300", "2350", "2500"
FEES = "6000"
INTERCOMPANY, INTERCOMPANY_REVENUE, CAPACITY_COST = "1900", "4990", "5900"
# What a document takes back of recognised revenue, by kind of entry.
CONTRA = {"credit_note": "4910", "dispute_lost": "4920"}


@dataclass(frozen=True)
class JournalKey:
    """One summary journal: entity, month, kind of entry, currency."""

    entity: str
    period: date
    entry_type: str
    currency: str


@dataclass
class Postings:
    """Summary journals. Every entry must balance before it is taken."""

    journals: dict[JournalKey, dict[str, int]] = field(default_factory=dict)

    def post(
        self,
        entity: str,
        period: date,
        entry_type: str,
        currency: str,
        debit: str,
        credits: list[tuple[str, int]],
    ) -> None:
        """One debit account against credits; negative amounts reverse the sides."""
        accounts = self.journals.setdefault(JournalKey(entity, period, entry_type, currency), {})
        total = 0
        for account, amount in credits:
            if amount:
                accounts[account] = accounts.get(account, 0) - amount
                total += amount
        if total:
            accounts[debit] = accounts.get(debit, 0) + total
