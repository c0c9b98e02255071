-- What the charges of an order fall short of the minimum it promises for a period, due at the period's end.
with periods as (
    select * from {{ ref('minimum_periods') }}
),

fees as (
    select
        periods.obligation_id,
        periods.period_start,
        sum(plan.planned_minor) as charged_minor
    from periods
    inner join {{ ref('obligations') }} as obligations
        on periods.order_id = obligations.order_id
    inner join {{ ref('billing_plan') }} as plan
        on
            obligations.obligation_id = plan.obligation_id
            and periods.period_start <= plan.period_start
            and periods.period_end > plan.period_start
    group by periods.obligation_id, periods.period_start
),

used as (
    select
        periods.obligation_id,
        periods.period_start,
        sum(rated.billable_minor) as charged_minor
    from periods
    inner join {{ ref('obligations') }} as obligations
        on periods.order_id = obligations.order_id
    inner join {{ ref('rated_usage_daily') }} as rated
        on
            obligations.obligation_id = rated.obligation_id
            and periods.period_start <= rated.usage_date
            and periods.period_end > rated.usage_date
    group by periods.obligation_id, periods.period_start
)

select
    periods.obligation_id,
    periods.period_start,
    periods.period_end,
    {{ month_start('periods.period_start') }} as period,
    periods.contract_id,
    periods.entity_id,
    periods.customer_id,
    periods.currency,
    periods.minimum_minor,
    cast(coalesce(fees.charged_minor, 0) + coalesce(used.charged_minor, 0) as bigint) as charged_minor,
    cast(
        greatest(periods.minimum_minor - coalesce(fees.charged_minor, 0) - coalesce(used.charged_minor, 0), 0) as bigint
    ) as true_up_minor
from periods
left join fees
    on periods.obligation_id = fees.obligation_id and periods.period_start = fees.period_start
left join used
    on periods.obligation_id = used.obligation_id and periods.period_start = used.period_start
