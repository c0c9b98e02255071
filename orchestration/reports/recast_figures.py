"""The figures of a recast as a reader wants them: read from its warehouse, grouped, never computed again.

Results are shown profit positive and balances debit positive. Amounts of different currencies are never
added. Money stays in minor units until it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

# Column of the statement → what a reader calls it, in the order in which the bridge applies them.
CAUSES = {
    "erp": "ERP before go-live",
    "late_evidence": "Late evidence",
    "not_posted": "Not posted yet",
    "pattern": "Pattern",
    "selling_price": "Selling price",
    "product_mapping": "Product mapping",
    "record_entity": "Entity of record",
}
POLICY = ("pattern", "selling_price", "product_mapping", "record_entity")
_COLUMNS = ("reported", *CAUSES, "recast")
_REVENUE = "statement_line = 'Revenue'"


def _sums(sign: str) -> str:
    return ", ".join(f"({sign}sum({name}_minor))::bigint as {name}_minor" for name in _COLUMNS)


def _changed(names: tuple[str, ...]) -> str:
    return " or ".join(f"sum(abs({name}_minor)) <> 0" for name in names)


# Net revenue of all history by entity and stream; the streams of a currency sum to the line below.
REVENUE = f"""
    select currency, entity_id, coalesce(nullif(stream, ''), 'no stream') as stream, {_sums("-")}
    from ledger.recast_statement where {_REVENUE}
    group by all order by currency, entity_id, stream
"""
# Net revenue by economic month of every book that any cause changed.
MONTHS = f"""
    with books as (
        select entity_id, currency from ledger.recast_statement where {_REVENUE}
        group by all having {_changed(tuple(CAUSES))}
    )
    select currency, entity_id, period, {_sums("-")}
    from ledger.recast_statement inner join books using (entity_id, currency)
    where {_REVENUE}
    group by all order by currency, entity_id, period
"""
# What stands on the balance sheet at the cut-off; the result of all history is its counterpart.
BALANCES = f"""
    select currency, entity_id, statement_line, {_sums("")}
    from ledger.recast_statement where not is_result
    group by all having {_changed(tuple(CAUSES))}
    order by currency, entity_id, statement_line
"""
# The contracts behind the causes: their effect on net revenue, and gross of the months it moves between.
CONTRACTS = """
    select
        changes.currency, changes.entity_id, changes.cause,
        coalesce(contract_number, nullif(gl_reference, ''), 'no contract') as contract_number,
        changes.contract_id, coalesce(customer_name, '') as customer_name,
        string_agg(distinct nullif(stream, ''), ', ' order by nullif(stream, '')) as streams,
        min(period) as first_period, max(period) as last_period,
        coalesce(-sum(amount_minor) filter (is_revenue), 0)::bigint as net_minor,
        coalesce(sum(abs(amount_minor)) filter (is_revenue), 0)::bigint as gross_minor,
        count(distinct period) as months
    from (
        select changes.*, accounts.statement_line = 'Revenue' as is_revenue
        from ledger.recast_policy_changes as changes
        inner join policy.accounts as accounts using (account_code)
    ) as changes
    group by all
    having gross_minor <> 0
    order by changes.currency, changes.entity_id, min(cause_no), gross_minor desc, contract_number
"""
PROOF = """
    select
        count(*) as line_count,
        coalesce(sum(abs(unexplained_minor)), 0)::bigint
        + (select coalesce(sum(abs(unexplained_minor)), 0) from ledger.recast_unexplained)::bigint
            as unexplained_minor,
        (select count(*) from ledger.recast_policy_changes) as change_count,
        (
            select count(distinct nullif(contract_id, '')) from ledger.recast_policy_changes
            where cause_no > 3
        ) as contract_count
    from ledger.recast_statement
"""
VERSIONS = """
    select 'pattern and mapping' as what, policy_id, entity_id, sku || coalesce(' from ' || effective_from, '')
        || coalesce(' to ' || effective_to, '') as scope,
        concat_ws(', ', pattern, stream, revenue_account) as says, reason
    from policy.product_policy_versions where policy_id in (?, 'reported')
    union all
    select 'selling price', policy_id, entity_id, sku || ' ' || currency || coalesce(' from ' || effective_from, '')
        || coalesce(' to ' || effective_to, ''), ssp_minor || ' ' || ssp_basis, ssp_source
    from policy.selling_price_versions where policy_id in (?, 'reported')
    union all
    select 'entity of record', policy_id, seller_entity_id, 'customers of ' || customer_country || ', in ' || currency
        || coalesce(' from ' || effective_from, ''), record_entity_id, reason
    from policy.record_entity_policies where policy_id in (?, 'reported')
    order by all
"""


@dataclass(frozen=True)
class RecastFigures:
    """Everything the page, the workbook and the console show of one recast."""

    policy_id: str
    policy_name: str
    description: str
    as_of: datetime
    go_live: str
    revenue: list[Row]
    months: list[Row]
    balances: list[Row]
    contracts: list[Row]
    versions: list[Row]
    statement: list[Row]
    changes: list[Row]
    line_count: int
    unexplained_minor: int
    change_count: int
    contract_count: int
    exponents: dict[str, int]


def recast_figures(
    warehouse: Path,
    policy_id: str,
    policy_name: str,
    description: str,
    as_of: datetime,
    go_live: str,
) -> RecastFigures:
    """Read a finished recast."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def rows(sql: str, *values: object) -> list[Row]:
            cursor = connection.execute(sql, list(values))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        (proof,) = rows(PROOF)
        return RecastFigures(
            policy_id=policy_id,
            policy_name=policy_name,
            description=description,
            as_of=as_of,
            go_live=go_live,
            revenue=rows(REVENUE),
            months=rows(MONTHS),
            balances=rows(BALANCES),
            contracts=rows(CONTRACTS),
            versions=rows(VERSIONS, policy_id, policy_id, policy_id),
            statement=rows(
                "select * from ledger.recast_statement order by entity_id, currency, account_code, stream, period"
            ),
            changes=rows("select * from ledger.recast_policy_changes order by all"),
            exponents={
                row["currency"]: row["exponent"] for row in rows("select * from policy.currencies")
            },
            **proof,
        )


def used_causes(figures: RecastFigures) -> dict[str, str]:
    """The causes that changed anything, with what a reader calls them."""
    return {
        name: title
        for name, title in CAUSES.items()
        if any(row[f"{name}_minor"] for row in figures.statement)
    }


def books_of(rows: list[Row]) -> list[tuple[str, str]]:
    """Entity and currency of the rows, in their order."""
    return list(dict.fromkeys((row["entity_id"], row["currency"]) for row in rows))


def total(rows: list[Row], **where: str) -> Row:
    """The columns of the statement summed over the rows that agree."""
    mine = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return {f"{name}_minor": sum(row[f"{name}_minor"] for row in mine) for name in _COLUMNS}
