"""Opening balances at go-live: the ERP's trial balance against what the evidence says.

Belongs here: one line an entity, currency and account for what the ERP carries and the evidence does not
explain. The line stays in the books until somebody releases it by its entry key.
"""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from orchestration.books.causes import OPENING_DIFFERENCE
from orchestration.books.lines import AMOUNTS, COLUMNS, quoted
from orchestration.books.store import BooksError, next_period, period_name

RULE = "balance of the ERP at go-live less what the evidence explains"


def compared(computed: str, trial_balance: str, period: date) -> str:
    """Both balances of each account at the end of ``period`` and their difference (SQL text).

    ``trial_balance`` has ``entity_id, account_code, currency, closing_minor`` of that one month.
    """
    through = f"date {quoted(period.isoformat())}"
    return f"""select entity_id, currency, account_code,
            sum(erp_minor)::bigint as erp_minor,
            sum(computed_minor)::bigint as computed_minor,
            (sum(erp_minor) - sum(computed_minor))::bigint as difference_minor
        from (
            select entity_id, currency, account_code::varchar as account_code,
                closing_minor as erp_minor, 0 as computed_minor
            from {trial_balance}
            union all
            select entity_id, currency, account_code::varchar, 0, debit_minor - credit_minor
            from {computed} where period <= {through}
        ) group by entity_id, currency, account_code"""


def difference_select(
    con: duckdb.DuckDBPyConnection, computed: str, trial_balance: str, period: date
) -> str:
    """The opening differences in the shape of a line (SQL text).

    Errors: BooksError naming the entity whose trial balance does not balance.
    """
    row = con.execute(
        f"""select entity_id, currency, sum(closing_minor) from {trial_balance}
        group by entity_id, currency having sum(closing_minor) <> 0 order by all limit 1"""
    ).fetchone()
    if row:
        raise BooksError(
            f"the ERP's trial balance of {row[0]} in {row[1]} at {period_name(period)} is off by "
            f"{row[2]} minor units: ask for a corrected export before going live"
        )
    last_day = next_period(period) - timedelta(days=1)
    values = {
        "entry_key": f"{quoted(OPENING_DIFFERENCE + ':')} || entity_id || '|' || currency",
        "entry_type": quoted(OPENING_DIFFERENCE),
        "entity_id": "entity_id",
        "period": f"date {quoted(period.isoformat())}",
        "currency": "currency",
        "account_code": "account_code",
        "rule": quoted(RULE),
        "entry_date": f"date {quoted(last_day.isoformat())}",
        "evidence_ref": f"'erp:trial_balance:' || entity_id || {quoted('|' + period_name(period))}",
        "amount_minor": "difference_minor",
    }
    columns = ", ".join(
        f"({values.get(name, 'null')})::{type_} as {name}"
        for name, type_ in (
            *((column.name, column.type) for column in COLUMNS),
            *((amount, "bigint") for amount in AMOUNTS),
        )
    )
    return (
        f"select {columns} from ({compared(computed, trial_balance, period)}) "
        f"where difference_minor <> 0"
    )
