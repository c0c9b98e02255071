-- The ERP's balance of each account at the end of a month, with the closing rate into the entity's own currency: what books
-- that go live open with. An account that only the subledger keeps is there with nothing. No rate is a null, which an
-- opening refuses.
with accounts as (
    select
        entity_id,
        period,
        cast(account_code as varchar) as account_code,
        currency,
        closing_minor
    from {{ ref('stg_erp__trial_balances') }}
    union all
    select
        entity_id,
        period,
        account_code,
        currency,
        0 as closing_minor
    from {{ ref('trial_balance') }}
    where period in (select reported.period from {{ ref('stg_erp__trial_balances') }} as reported)
),

balances as (
    select
        entity_id,
        period,
        account_code,
        currency,
        {{ add_days(add_months('period', 1), -1) }} as last_date,
        sum(closing_minor) as closing_minor
    from accounts
    group by entity_id, period, account_code, currency
)

select
    balances.entity_id,
    balances.period,
    balances.account_code,
    balances.currency,
    cast(balances.closing_minor as bigint) as closing_minor,
    entities.functional_currency,
    case when balances.currency = entities.functional_currency then 1 else rates.numerator end as rate_numerator,
    case when balances.currency = entities.functional_currency then 1 else rates.denominator end as rate_denominator
from balances
inner join {{ ref('entities') }} as entities
    on balances.entity_id = entities.entity_id
left join {{ ref('exchange_rates') }} as rates
    on
        balances.currency = rates.currency
        and entities.functional_currency = rates.functional_currency
        and balances.last_date = rates.rate_date
