-- What parts a month's revenue from its plan, by driver. The plan is of a month's own revenue at the rates of the day on which
-- it took effect; credits, late usage and catch-up come on top of it. With a planned quantity the rest is volume at the
-- planned price and price; without one it is one line.
with plans as (
    select * from {{ ref('revenue_plan_newest') }}
),

planned_months as (
    select entity_id, period, max(effective_date) as effective_date from plans
    group by entity_id, period
),

components as (
    select
        components.entity_id,
        components.stream,
        components.period,
        components.component,
        components.obligation_id,
        components.functional_minor,
        case
            when components.currency = components.functional_currency then components.functional_minor
            else coalesce({{ mul_div('components.amount_minor', 'rates.numerator', 'rates.denominator') }}, components.functional_minor)
        end as constant_minor
    from {{ ref('flux_components') }} as components
    inner join planned_months
        on components.entity_id = planned_months.entity_id and components.period = planned_months.period
    left join {{ ref('exchange_rates') }} as rates
        on
            components.currency = rates.currency
            and components.functional_currency = rates.functional_currency
            and planned_months.effective_date = rates.rate_date
),

quantities as (
    select
        components.entity_id,
        components.stream,
        components.period,
        products.unit,
        sum(delivered.quantity_millionths) as quantity_millionths
    from components
    inner join {{ ref('obligations') }} as obligations
        on components.obligation_id = obligations.obligation_id
    inner join (select sku, min(unit) as unit from {{ ref('product_policies') }} group by sku) as products
        on obligations.sku = products.sku
    inner join {{ ref('flux_quantities') }} as delivered
        on components.obligation_id = delivered.obligation_id and components.period = delivered.period
    where components.component = 'own month'
    group by components.entity_id, components.stream, components.period, products.unit
),

own as (
    select entity_id, stream, period, sum(constant_minor) as own_minor
    from components
    where component = 'own month'
    group by entity_id, stream, period
),

variances as (
    select
        coalesce(own.entity_id, plans.entity_id) as entity_id,
        coalesce(own.stream, plans.stream) as stream,
        coalesce(own.period, plans.period) as period,
        coalesce(own.own_minor, 0) - coalesce(plans.plan_minor, 0) as variance_minor,
        case
            when plans.plan_quantity_millionths > 0 and quantities.quantity_millionths is not null
                then {{ mul_div(
                    'plans.plan_minor', '(quantities.quantity_millionths - plans.plan_quantity_millionths)',
                    'plans.plan_quantity_millionths'
                ) }}
        end as volume_minor
    from own
    full join plans
        on own.entity_id = plans.entity_id and own.stream = plans.stream and own.period = plans.period
    left join quantities
        on
            plans.entity_id = quantities.entity_id
            and plans.stream = quantities.stream
            and plans.period = quantities.period
            and plans.plan_unit = quantities.unit
),

drivers as (
    select entity_id, stream, period, 'volume' as driver, volume_minor as amount_minor
    from variances
    where volume_minor is not null
    union all
    select entity_id, stream, period, 'price' as driver, variance_minor - volume_minor as amount_minor
    from variances
    where volume_minor is not null
    union all
    select entity_id, stream, period, 'plan_variance' as driver, variance_minor as amount_minor
    from variances
    where volume_minor is null
    union all
    select entity_id, stream, period, replace(replace(component, ' ', '_'), '-', '_') as driver, constant_minor as amount_minor
    from components
    where component <> 'own month'
    union all
    select entity_id, stream, period, 'fx' as driver, functional_minor - constant_minor as amount_minor
    from components
)

select
    entity_id,
    stream,
    period,
    driver,
    cast(sum(amount_minor) as bigint) as amount_minor
from drivers
group by entity_id, stream, period, driver
having sum(amount_minor) <> 0
