"""Opening balances at go-live: the ERP's trial balance against what the evidence says.

Belongs here: one line an entity, currency and account for what the ERP carries and the evidence does not
explain, worth the closing rate in the entity's own currency. The line stays in the books until somebody
releases it by its entry key.
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


def _valued(differences: str, trial_balance: str) -> str:
    """The differences with their worth at the closing rate (SQL text).

    The running sum is rounded and each line takes its step, so that what sums to nothing in one currency
    sums to nothing in the other.
    """
    return f"""with rates as (
            select entity_id, currency, any_value(functional_currency) as functional_currency,
                any_value(rate_numerator)::hugeint as numerator,
                any_value(rate_denominator)::hugeint as denominator
            from {trial_balance} group by entity_id, currency
        ),
        running as (
            select differences.*, functional_currency, denominator,
                sum(difference_minor) over (
                    partition by differences.entity_id, differences.currency order by account_code
                )::hugeint * numerator as product
            from ({differences}) as differences left join rates using (entity_id, currency)
        ),
        whole as (
            select *, product // denominator as quotient from running
        ),
        rounded as (
            select *, quotient + case
                when 2 * abs(product - quotient * denominator) > denominator
                    or (2 * abs(product - quotient * denominator) = denominator and quotient % 2 <> 0)
                then case when product < 0 then -1 else 1 end
                else 0 end as running_minor
            from whole
        )
        select * exclude (running_minor), running_minor - coalesce(lag(running_minor) over (
            partition by entity_id, currency order by account_code), 0) as functional_minor
        from rounded"""


def _is_valued(con: duckdb.DuckDBPyConnection, trial_balance: str) -> bool:
    present = {row[0] for row in con.execute(f"describe select * from {trial_balance}").fetchall()}
    return {"functional_currency", "rate_numerator", "rate_denominator"} <= present


def difference_select(
    con: duckdb.DuckDBPyConnection, computed: str, trial_balance: str, period: date
) -> str:
    """The opening differences in the shape of a line (SQL text).

    ``trial_balance`` may carry ``functional_currency, rate_numerator, rate_denominator`` of its rows.
    Errors: BooksError naming the entity whose trial balance does not balance or lacks a rate.
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
    differences = (
        f"select * from ({compared(computed, trial_balance, period)}) where difference_minor <> 0"
    )
    if _is_valued(con, trial_balance):
        differences = _valued(differences, trial_balance)
        values |= {
            "functional_currency": "functional_currency",
            "functional_minor": "functional_minor",
        }
        row = con.execute(
            f"select entity_id, currency from ({differences}) where functional_minor is null "
            "order by all limit 1"
        ).fetchone()
        if row:
            raise BooksError(
                f"missing rate: the ERP's balances of {row[0]} in {row[1]} at {period_name(period)} "
                "have no closing rate: land one or extend the rate policy before going live"
            )
    columns = ", ".join(
        f"({values.get(name, 'null')})::{type_} as {name}"
        for name, type_ in (
            *((column.name, column.type) for column in COLUMNS),
            *((amount, "bigint") for amount in AMOUNTS),
        )
    )
    return f"select {columns} from ({differences})"
