{{ config(meta={'dagster': {'ref': {'name': 'contract_positions'}}}) }}
-- The latest position of each contract, shown net, is the balance of the two accounts.
with latest as (
    select
        entity_id,
        currency,
        deferred_minor,
        unbilled_minor,
        row_number() over (partition by contract_id, entity_id, currency order by period desc) as newest
    from {{ ref('contract_positions') }}
),

positions as (
    select entity_id, currency, '2100' as account_code, -sum(deferred_minor) as balance_minor
    from latest
    where newest = 1
    group by entity_id, currency
    union all
    select entity_id, currency, '1150' as account_code, sum(unbilled_minor) as balance_minor
    from latest
    where newest = 1
    group by entity_id, currency
),

accounts as (
    select entity_id, currency, account_code, sum(amount_minor) as balance_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code in ('2100', '1150')
    group by entity_id, currency, account_code
)

select positions.*, accounts.balance_minor as account_minor
from positions
left join accounts
    on
        positions.entity_id = accounts.entity_id
        and positions.currency = accounts.currency
        and positions.account_code = accounts.account_code
where positions.balance_minor <> coalesce(accounts.balance_minor, 0)
