{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
-- What is owed in one currency is not a claim in the other: historical rates leave no balance of the wrong side behind, and
-- nothing at all of a balance that is gone.
with balances as (
    select
        lines.entity_id,
        lines.contract_id,
        lines.currency,
        months.period,
        sum(lines.amount_minor) as amount_minor,
        sum(lines.functional_minor) as functional_minor
    from {{ ref('ledger_entry_lines') }} as lines
    inner join (select distinct period from {{ ref('ledger_entry_lines') }}) as months
        on lines.period <= months.period
    where lines.account_code = '2100' and lines.currency <> lines.functional_currency
    group by lines.entity_id, lines.contract_id, lines.currency, months.period
)

select *
from balances
where
    (amount_minor = 0 and functional_minor <> 0)
    or (amount_minor < 0 and functional_minor > 0)
    or (amount_minor > 0 and functional_minor < 0)
