-- Why a month's revenue is not what the month before was, or what was planned: parts that sum to the change.
with prior_month as (
    {% for driver in ['entity', 'new', 'churned', 'credits', 'late_usage', 'catch_up'] -%}
    select entity_id, stream, period, '{{ driver }}' as driver, constant_minor as amount_minor
    from {{ ref('revenue_flux_lines') }}
    where driver = '{{ driver }}'
    union all
    {% endfor -%}
    {% for driver in ['volume', 'mix', 'price'] -%}
    select entity_id, stream, period, '{{ driver }}' as driver, {{ driver }}_minor as amount_minor
    from {{ ref('revenue_flux_prices') }}
    union all
    {% endfor -%}
    select entity_id, stream, period, 'fx' as driver, current_minor - base_minor - constant_minor as amount_minor
    from {{ ref('revenue_flux_lines') }}
),

drivers as (
    select entity_id, stream, period, 'prior_month' as comparison, driver, sum(amount_minor) as amount_minor
    from prior_month
    group by entity_id, stream, period, driver
    having sum(amount_minor) <> 0
    union all
    select entity_id, stream, period, 'plan' as comparison, driver, amount_minor
    from {{ ref('plan_flux') }}
)

select
    drivers.entity_id,
    drivers.stream,
    drivers.period,
    drivers.comparison,
    drivers.driver,
    entities.functional_currency as currency,
    cast(drivers.amount_minor as bigint) as amount_minor
from drivers
inner join {{ ref('entities') }} as entities
    on drivers.entity_id = entities.entity_id
where drivers.period <= {{ month_start(add_days(as_of_date(), -1)) }}
