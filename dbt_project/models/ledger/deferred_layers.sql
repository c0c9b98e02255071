-- What a contract in a foreign currency was billed, day by day, with what it was worth that day in the functional currency.
-- Deferred revenue keeps these rates (830-10-45-18); the oldest is earned first.
with billed as (
    select
        booked.contract_id,
        booked.entity_id,
        booked.currency,
        entities.functional_currency,
        booked.entry_date,
        sum(-booked.amount_minor) as amount_minor,
        sum({{ mul_div('-booked.amount_minor', 'rates.numerator', 'rates.denominator') }}) as functional_minor
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('entities') }} as entities
        on booked.entity_id = entities.entity_id
    left join {{ ref('exchange_rates') }} as rates
        on
            booked.currency = rates.currency
            and entities.functional_currency = rates.functional_currency
            and booked.entry_date = rates.rate_date
    where
        booked.account_code = '2100'
        and booked.currency <> entities.functional_currency
        and booked.entry_type not in ('revenue', 'presentation')
        and booked.amount_minor < 0
        and booked.contract_id is not null
    group by booked.contract_id, booked.entity_id, booked.currency, entities.functional_currency, booked.entry_date
),

running as (
    select
        *,
        {%- for amount in ['amount', 'functional'] %}
        sum({{ amount }}_minor) over (
            partition by contract_id, entity_id, currency order by entry_date
        ) as {{ amount }}_to_date_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from billed
)

select
    contract_id,
    entity_id,
    currency,
    functional_currency,
    entry_date,
    cast(amount_minor as bigint) as amount_minor,
    cast(functional_minor as bigint) as functional_minor,
    cast(amount_to_date_minor - amount_minor as bigint) as billed_before_minor,
    cast(amount_to_date_minor as bigint) as billed_minor,
    cast(functional_to_date_minor - functional_minor as bigint) as functional_before_minor
from running
