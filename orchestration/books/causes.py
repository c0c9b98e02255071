"""Why a line posts in a later month than the one it belongs to.

Belongs here: the list of causes and the rule that derives one from entry type, stream, sign and what
else the batch carries. The rule reads only the difference, so a cause can always be derived again.
"""

from __future__ import annotations

from orchestration.books.lines import quoted

CURRENT = "current period"
OPENING = "opening balance"
LATE_USAGE = "late usage"
AMENDMENT = "back-dated amendment"
CREDIT_MEMO = "credit memo"
POLICY = "policy change"
CORRECTION = "correction"
LATE_DOCUMENT = "late document"
CAUSES = (
    CURRENT,
    OPENING,
    LATE_USAGE,
    AMENDMENT,
    CREDIT_MEMO,
    POLICY,
    CORRECTION,
    LATE_DOCUMENT,
)

OPENING_DIFFERENCE = "opening_difference"
REDUCTIONS = (
    "credit_note",
    "void",
    "refund",
    "dispute_withdrawn",
    "dispute_reinstated",
    "dispute_lost",
    "write_off",
)
# Entries that restate a position or share in another entry: they take the cause of their contract.
FOLLOWERS = ("presentation", "remeasurement", "allowance", "intercompany")
USAGE_STREAMS = ("on_demand", "prepaid_credits", "commit", "marketplace")
# Accounts of profit and loss begin with these digits in the chart of accounts.
PROFIT_AND_LOSS = ("4", "5", "6", "7", "8")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(quoted(value) for value in values)


def is_profit_and_loss(column: str = "account_code") -> str:
    """A SQL condition: the account belongs to profit and loss."""
    return f"left({column}, 1) in ({_listed(PROFIT_AND_LOSS)})"


def own_cause() -> str:
    """A SQL expression over one prior-period entry: ``entry_type, stream, result_minor`` (profit
    positive), ``is_known`` (posted before) and ``is_reduced`` (its contract and month carry a
    reduction in the same batch). Null for entries that follow their contract."""
    return f"""case
        when entry_type = {quoted(OPENING_DIFFERENCE)} then {quoted(OPENING)}
        when entry_type in ({_listed(REDUCTIONS)}) then {quoted(CREDIT_MEMO)}
        when entry_type in ({_listed(FOLLOWERS)}) then null
        when entry_type = 'revenue' and is_reduced and result_minor < 0 then {quoted(CREDIT_MEMO)}
        when entry_type = 'revenue' and stream in ({_listed(USAGE_STREAMS)})
            then case when result_minor < 0 then {quoted(CORRECTION)} else {quoted(LATE_USAGE)} end
        when entry_type = 'revenue' then {quoted(AMENDMENT)}
        when is_known then {quoted(CORRECTION)}
        else {quoted(LATE_DOCUMENT)}
    end"""
