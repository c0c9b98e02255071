"""The frames of a close packet, read from the marts and from what the close recorded of itself.

Belongs here: which mart feeds which sheet, and the turning of rows into columns. Does not belong: any figure
that is not a sum of a mart's own rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.books.checklist import ChecklistLine
from orchestration.export.journals import read_names
from orchestration.reports.flux import ROWS as FLUX
from orchestration.reports.packet import PacketData, Rollforward

# Balances that are rolled forward: title, accounts, and -1 where a credit balance is shown as positive.
BALANCES = (
    ("Accounts receivable", ("1100",), 1),
    ("Unbilled receivable", ("1150",), 1),
    ("Contract asset", ("1160",), 1),
    ("Processor clearing", ("1050",), 1),
    ("Deferred revenue", ("2100", "2150"), -1),
    ("Customer deposits", ("2200",), -1),
    ("Customer credit balance", ("2250",), -1),
    ("Unapplied cash", ("2300",), -1),
    ("Refund liability", ("2400",), -1),
    ("Allowance for credit losses", ("1190",), -1),
)
CONSOLIDATED = "Consolidated"

TRIAL_BALANCE = """
    select entity_id, currency, account_code, account_name, opening_minor, debit_minor,
        credit_minor, closing_minor, functional_currency, functional_opening_minor,
        functional_debit_minor, functional_credit_minor, functional_closing_minor
    from marts.rpt_trial_balance_as_reported where period = $period order by all
"""
JOURNAL = """
    select reference, entity_id, currency, entry_type, account_code, cause,
        period as economic_period, debit_minor, credit_minor, functional_currency,
        functional_debit_minor, functional_credit_minor
    from marts.rpt_posted_journal where posting_period = $period order by all
"""
# Accounts on which neither side stands are left out: they say nothing.
GENERAL_LEDGER = """
    select entity_id, currency, account_code, account_name, gl_minor as closing_minor,
        * exclude (entity_id, period, currency, account_code, account_name, gl_minor,
            reported_minor, difference_minor, unexplained_minor)
    from marts.rpt_books_to_gl
    where period = $period and (reported_minor <> 0 or gl_minor <> 0 or difference_minor <> 0)
    order by all
"""
EXCEPTIONS = """
    select entity_id, coalesce(currency, 'unknown') as currency, period, handoff, reason_code, severity,
        owner_role, left_ref, right_ref, difference_minor, age_days, suggested_action
    from marts.rpt_exceptions where coalesce(period, $period) <= $period and is_defect
    order by all
"""
REVENUE = """
    select entity_id, currency,
        case when cause = 'opening balance' then period else posting_period end as period,
        regexp_replace(account_name, '^Revenue: ', '') as stream,
        sum(credit_minor - debit_minor)::bigint as amount_minor
    from marts.rpt_posted_journal
    where account_code like '40%' and posting_period <= $period
    group by all order by all
"""


def _rollforward(
    title: str, accounts: tuple[str, ...], sign: int, balances: pd.DataFrame, journal: pd.DataFrame
) -> Rollforward | None:
    """Opening, one movement an entry type (earlier months apart) and closing, as reported."""
    mine = balances[balances["account_code"].isin(accounts)]
    if mine.empty:
        return None
    ends = ["opening_minor", "closing_minor"]
    frame = mine.groupby(["entity_id", "currency"])[ends].sum() * sign
    posted = journal[journal["account_code"].isin(accounts)].copy()
    current = posted["cause"] == "current period"
    posted["movement"] = posted["entry_type"].where(current, "earlier_months_" + posted["cause"])
    posted["movement"] = posted["movement"].str.replace(r"\W+", "_", regex=True) + "_minor"
    posted["amount"] = (posted["debit_minor"] - posted["credit_minor"]) * sign
    moved = posted.pivot_table(
        index=["entity_id", "currency"], columns="movement", values="amount", aggfunc="sum"
    )
    wide = frame[["opening_minor"]].join(moved, how="left").fillna(0).astype("int64")
    return Rollforward(title, accounts, sign, wide.join(frame[["closing_minor"]]).reset_index())


def _checklist_frame(lines: Sequence[ChecklistLine]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "step": line.step.title,
                "owner_role": line.step.owner_role,
                "due": line.due_date,
                "status": line.status,
                "detail": "; ".join((*line.blocked_by, line.detail)).strip("; "),
            }
            for line in lines
        ]
    )


def packet_data(
    warehouse: Path,
    seeds: Path,
    period: date,
    manifest: Mapping[str, Any],
    checklist: Sequence[ChecklistLine],
    controls: Sequence[Mapping[str, Any]],
) -> PacketData:
    """Everything the consolidated packet of a sealed period shows."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def frame(sql: str) -> pd.DataFrame:
            return connection.execute(sql, {"period": period}).df()

        balances, journal = frame(TRIAL_BALANCE), frame(JOURNAL)
        exceptions, revenue = frame(EXCEPTIONS), frame(REVENUE)
        flux = frame(FLUX)
        general_ledger = frame(GENERAL_LEDGER)
    rolled = (
        _rollforward(title, accounts, sign, balances, journal) for title, accounts, sign in BALANCES
    )
    prior = pd.DataFrame(
        manifest["prior_period"],
        columns=[
            "entity_id",
            "currency",
            "period",
            "cause",
            "result_minor",
            "gross_minor",
            "lines",
        ],
    )
    known = read_names(seeds).exponents
    # An exception may be that the currency is unknown: its amount is shown as it came, in minor units.
    unknown = {str(currency): 0 for currency in exceptions["currency"] if currency not in known}
    return PacketData(
        period=period,
        scope=CONSOLIDATED,
        manifest=manifest,
        exponents=known | unknown,
        trial_balance=balances,
        journal=journal,
        rollforwards=tuple(found for found in rolled if found is not None),
        general_ledger=general_ledger,
        prior_period=prior,
        exceptions=exceptions,
        controls=pd.DataFrame(list(controls)),
        checklist=_checklist_frame(checklist),
        flux=flux,
        revenue_by_month=revenue,
    )
