{{ config(meta={'dagster': {'ref': {'name': 'contract_positions'}}}) }}
-- The latest position of each contract, shown net, is the balance of the accounts that show positions.
with latest as (
    select
        *,
        row_number() over (partition by contract_id, entity_id, currency order by period desc) as newest
    from {{ ref('contract_positions') }}
),

positions as (
    select entity_id, currency, '2100' as account_code, -deferred_minor as amount_minor from latest
    where newest = 1
    union all
    select entity_id, currency, '2400' as account_code, -refund_liability_minor as amount_minor from latest
    where newest = 1
    union all
    select entity_id, currency, '1150' as account_code, unbilled_minor as amount_minor from latest
    where newest = 1
    union all
    select entity_id, currency, '1160' as account_code, contract_asset_minor as amount_minor from latest
    where newest = 1
    union all
    select entity_id, currency, account_code, -amount_minor as amount_minor from {{ ref('ledger_entry_lines') }}
    where account_code in ('2100', '1150', '1160', '2400')
)

select entity_id, currency, account_code, sum(amount_minor) as difference_minor
from positions
group by entity_id, currency, account_code
having sum(amount_minor) <> 0
