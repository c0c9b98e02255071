{{ config(meta={'dagster': {'ref': {'name': 'recast_bridge'}}}) }}
-- Over posting months the bridge is the ledger as recast; over economic months it is the books as reported. In both currencies.
with bridge as (
    select 'as recast' as margin, entity_id, currency, account_code, period, amount_minor, functional_minor
    from {{ ref('recast_bridge') }}
    union all
    select
        'as reported' as margin, entity_id, currency, account_code, posting_period as period, amount_minor, functional_minor
    from {{ ref('recast_bridge') }}
    where is_posted
),

statements as (
    select 'as recast' as margin, entity_id, currency, account_code, period, amount_minor, functional_minor
    from {{ ref('ledger_entry_lines') }}
    union all
    select
        'as reported' as margin,
        entity_id,
        currency,
        account_code,
        period,
        debit_minor - credit_minor as amount_minor,
        functional_debit_minor - functional_credit_minor as functional_minor
    from {{ ref('trial_balance_as_reported') }}
),

both_sides as (
    select * from bridge
    union all
    select margin, entity_id, currency, account_code, period, -amount_minor as amount_minor, -functional_minor as functional_minor
    from statements
)

select
    margin,
    entity_id,
    currency,
    account_code,
    period,
    sum(amount_minor) as unexplained_minor,
    sum(functional_minor) as functional_unexplained_minor
from both_sides
group by margin, entity_id, currency, account_code, period
having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
