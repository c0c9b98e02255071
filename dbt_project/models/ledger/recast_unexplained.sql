{{ config(enabled=var('recast_step', none) is not none) }}
-- What the bridge does not explain, against statements that it was not made from: the ERP's trial balances, the trial balance as
-- reported, the ledger as it stands after the last step. No row means that all of it is explained.
with go_live as (
    select
        coalesce(
            (select min(posting_period) from {{ ref('posted_entry_lines') }}),
            (select max(period) from {{ ref('stg_erp__trial_balances') }})
        ) as period
),

bridge as (
    select
        entity_id,
        currency,
        account_code,
        period,
        sum(amount_minor) as amount_minor
    from {{ ref('recast_policy_bridge') }}
    where cause_no between 1 and 98
    group by entity_id, currency, account_code, period
),

erp as (
    select
        entity_id,
        currency,
        account_code,
        period,
        closing_minor - coalesce(
            lag(closing_minor) over (partition by entity_id, currency, account_code order by period), 0
        ) as amount_minor
    from {{ ref('stg_erp__trial_balances') }}
),

sides as (
    select entity_id, currency, account_code, period, amount_minor from bridge
    union all
    select entity_id, currency, account_code, period, amount_minor from erp
    where period <= (select period from go_live)
    union all
    select entity_id, currency, account_code, period, debit_minor - credit_minor as amount_minor
    from {{ ref('trial_balance_as_reported') }}
    where period > (select period from go_live)
    union all
    select entity_id, currency, account_code, period, -amount_minor as amount_minor
    from {{ ref('ledger_entry_lines') }}
)

select
    'bridge' as what,
    entity_id,
    currency,
    account_code,
    period,
    cast(sum(amount_minor) as bigint) as unexplained_minor
from sides
group by entity_id, currency, account_code, period
having sum(amount_minor) <> 0
union all
select
    'entry ' || entry_key || ' does not balance' as what,
    entity_id,
    currency,
    '' as account_code,
    min(period) as period,
    cast(sum(amount_minor) as bigint) as unexplained_minor
from {{ ref('ledger_entry_lines') }}
group by entry_key, entity_id, currency
having sum(amount_minor) <> 0
union all
select
    'a step changed the balance of intercompany' as what,
    '' as entity_id,
    currency,
    account_code,
    period,
    cast(sum(amount_minor) as bigint) as unexplained_minor
from {{ ref('recast_policy_changes') }}
where account_code = '1900' and cause_no > 3
group by currency, account_code, period
having sum(amount_minor) <> 0
union all
select
    'a row of the statement' as what,
    entity_id,
    currency,
    account_code,
    period,
    cast(sum(unexplained_minor) as bigint) as unexplained_minor
from {{ ref('recast_statement') }}
group by entity_id, currency, account_code, period, stream
having sum(unexplained_minor) <> 0
