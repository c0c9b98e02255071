-- What an entity holds and owes in another currency than its own at each month end, as its entries left it; what is not
-- monetary (830-10-45-18) by contract.
with moved as (
    select
        booked.entity_id,
        booked.account_code,
        booked.currency,
        amounts.functional_currency,
        accounts.is_monetary,
        case when not accounts.is_monetary then booked.contract_id end as contract_id,
        booked.period,
        sum(booked.amount_minor) as amount_minor,
        sum(amounts.functional_minor) as functional_minor
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('functional_amounts') }} as amounts
        on
            booked.entry_key = amounts.entry_key
            and booked.line_no = amounts.line_no
    inner join {{ ref('accounts') }} as accounts
        on booked.account_code = accounts.account_code
    where
        booked.currency <> amounts.functional_currency
        and not amounts.is_converted
        and accounts.account_type in ('asset', 'contra_asset', 'liability')
    group by
        booked.entity_id,
        booked.account_code,
        booked.currency,
        amounts.functional_currency,
        accounts.is_monetary,
        case when not accounts.is_monetary then booked.contract_id end,
        booked.period
),

billed as (
    select
        contract_id,
        entity_id,
        currency,
        {{ month_start('entry_date') }} as period,
        sum(amount_minor) as billed_minor
    from {{ ref('deferred_layers') }}
    group by contract_id, entity_id, currency, {{ month_start('entry_date') }}
),

held as (
    select
        entity_id,
        account_code,
        currency,
        functional_currency,
        is_monetary,
        contract_id,
        {{ each_month('min(period)', add_days(as_of_date(), -1)) }} as period
    from moved
    group by entity_id, account_code, currency, functional_currency, is_monetary, contract_id
),

running as (
    select
        held.*,
        {%- for amount in ['moved.amount_minor', 'moved.functional_minor', 'billed.billed_minor'] %}
        sum(coalesce({{ amount }}, 0)) over (
            partition by held.entity_id, held.account_code, held.currency, held.contract_id order by held.period
        ) as {{ amount.split('.')[1] }}{{ ',' if not loop.last }}
        {%- endfor %}
    from held
    left join moved
        on
            held.entity_id = moved.entity_id
            and held.account_code = moved.account_code
            and held.currency = moved.currency
            and held.contract_id is not distinct from moved.contract_id
            and held.period = moved.period
    left join billed
        on
            held.contract_id = billed.contract_id
            and held.entity_id = billed.entity_id
            and held.currency = billed.currency
            and held.period = billed.period
            and held.account_code = '2100'
)

select
    entity_id,
    account_code,
    currency,
    functional_currency,
    is_monetary,
    contract_id,
    period,
    {{ add_days('least(' ~ add_months('period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as closing_date,
    cast(amount_minor as bigint) as amount_minor,
    cast(functional_minor as bigint) as functional_minor,
    cast(billed_minor as bigint) as billed_minor
from running
