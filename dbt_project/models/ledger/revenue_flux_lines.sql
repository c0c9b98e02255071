-- Each part of an obligation's revenue in a month beside the same part in the month before, and the one driver it belongs to
-- as a whole. `constant_minor` is the change at the rate at which the month before carried it, or for what it did not carry
-- at the rate of its last day; what is left of the change in the functional currency is the rate's. What ended leaves as it
-- was carried: nothing of it met a new rate.
{%- set item = ['entity_id', 'stream', 'customer_id', 'contract_id', 'obligation_id', 'currency', 'functional_currency', 'component'] %}
with components as (
    select * from {{ ref('flux_components') }}
),

span as (
    select min(period) as first_period, {{ month_start(add_days(as_of_date(), -1)) }} as last_period
    from components
),

sides as (
    select
        {{ item | join(', ') }},
        period,
        0 as base_amount_minor,
        0 as base_minor,
        amount_minor,
        functional_minor as current_minor
    from components
    union all
    select
        {{ item | join(', ') }},
        {{ add_months('period', 1) }} as period,
        amount_minor as base_amount_minor,
        functional_minor as base_minor,
        0 as amount_minor,
        0 as current_minor
    from components
),

pairs as (
    select
        {{ item | join(', ') }},
        period,
        sum(base_amount_minor) as base_amount_minor,
        sum(base_minor) as base_minor,
        sum(amount_minor) as amount_minor,
        sum(current_minor) as current_minor
    from sides
    group by {{ item | join(', ') }}, period
),

customers as (
    select
        entity_id,
        customer_id,
        period,
        sum(abs(base_minor)) filter (where component = 'own month') as base_size_minor,
        sum(abs(current_minor)) filter (where component = 'own month') as current_size_minor
    from pairs
    group by entity_id, customer_id, period
),

valued as (
    select
        pairs.*,
        case
            when pairs.currency = pairs.functional_currency then pairs.current_minor - pairs.base_minor
            when pairs.current_minor = 0 then -pairs.base_minor
            -- Over a hundred times the base, the base's own rounding would show as a rate.
            when pairs.base_amount_minor <> 0 and abs(pairs.amount_minor) <= 100 * abs(pairs.base_amount_minor)
                then {{ mul_div(
                    'pairs.base_minor * sign(pairs.base_amount_minor)', 'pairs.amount_minor', 'abs(pairs.base_amount_minor)'
                ) }} - pairs.base_minor
            else coalesce(
                {{ mul_div('pairs.amount_minor - pairs.base_amount_minor', 'rates.numerator', 'rates.denominator') }},
                pairs.current_minor - pairs.base_minor
            )
        end as constant_minor,
        entities.joined_on >= pairs.period as is_joining,
        coalesce(customers.base_size_minor, 0) = 0 as is_new,
        coalesce(customers.current_size_minor, 0) = 0 as is_gone
    from pairs
    inner join span
        on pairs.period > span.first_period and pairs.period <= span.last_period
    inner join {{ ref('entities') }} as entities
        on pairs.entity_id = entities.entity_id
    left join customers
        on
            pairs.entity_id = customers.entity_id
            and coalesce(pairs.customer_id, '') = coalesce(customers.customer_id, '')
            and pairs.period = customers.period
    left join {{ ref('exchange_rates') }} as rates
        on
            pairs.currency = rates.currency
            and pairs.functional_currency = rates.functional_currency
            and {{ add_days('pairs.period', -1) }} = rates.rate_date
)

select
    valued.entity_id,
    valued.stream,
    valued.customer_id,
    valued.contract_id,
    valued.obligation_id,
    valued.currency,
    valued.functional_currency,
    valued.component,
    valued.period,
    obligations.sku,
    case
        when valued.is_joining then 'entity'
        when valued.component <> 'own month' then replace(replace(valued.component, ' ', '_'), '-', '_')
        when valued.is_new then 'new'
        when valued.is_gone then 'churned'
        else 'continuing'
    end as driver,
    cast(valued.base_amount_minor as bigint) as base_amount_minor,
    cast(valued.amount_minor as bigint) as amount_minor,
    cast(valued.base_minor as bigint) as base_minor,
    cast(valued.current_minor as bigint) as current_minor,
    cast(case when valued.is_joining then valued.current_minor - valued.base_minor else valued.constant_minor end as bigint)
        as constant_minor,
    case when valued.component = 'own month' then before.quantity_millionths end as base_quantity_millionths,
    case when valued.component = 'own month' then now_delivered.quantity_millionths end as quantity_millionths
from valued
left join {{ ref('obligations') }} as obligations
    on valued.obligation_id = obligations.obligation_id
left join {{ ref('flux_quantities') }} as before
    on
        valued.obligation_id = before.obligation_id
        and {{ add_months('valued.period', -1) }} = before.period
left join {{ ref('flux_quantities') }} as now_delivered
    on
        valued.obligation_id = now_delivered.obligation_id
        and valued.period = now_delivered.period
