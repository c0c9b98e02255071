-- What happened to an obligation between two measurements: how much was delivered, how much its price fell.
-- Every obligation has a row for each measurement from its first day to its last, quiet ones included.
with obligations as (
    select
        obligation_id,
        pattern,
        least(available_date, service_start_date) as first_day,
        service_end_date
    from {{ ref('obligations') }}
    where hold_reason is null
),

deliveries as (
    select
        obligation_id,
        usage_date as day,
        billable_minor as delivered_minor,
        0 as reduction_minor
    from {{ ref('rated_usage_daily') }}
    union all
    select
        obligation_id,
        usage_date as day,
        drawn_minor as delivered_minor,
        0 as reduction_minor
    from {{ ref('drawdowns') }}
    union all
    -- A milestone counts when it is completed; one still ahead is scheduled on the day it is due, an overdue one next.
    select
        obligation_id,
        case
            when completed_date < {{ as_of_date() }} then completed_date
            else greatest(coalesce(due_date, {{ as_of_date() }}), {{ as_of_date() }})
        end as day,
        amount_minor as delivered_minor,
        0 as reduction_minor
    from {{ ref('milestones') }}
    union all
    select
        obligation_id,
        reduction_date as day,
        0 as delivered_minor,
        amount_minor as reduction_minor
    from {{ ref('price_reductions') }}
    where not is_suspense
),

lifetimes as (
    select
        obligations.obligation_id,
        -- Usage is measured while it happens; everything else also when nothing does.
        least(
            min(deliveries.day),
            min(case when obligations.pattern <> 'as_used' then obligations.first_day end)
        ) as first_day,
        greatest(
            max(deliveries.day),
            max(case when obligations.pattern <> 'as_used' then {{ add_days('obligations.service_end_date', -1) }} end)
        ) as last_day
    from obligations
    left join deliveries
        on obligations.obligation_id = deliveries.obligation_id
    group by obligations.obligation_id
),

moved as (
    select
        deliveries.obligation_id,
        dates.measured_to,
        sum(deliveries.delivered_minor) as delivered_minor,
        sum(deliveries.reduction_minor) as reduction_minor
    from deliveries
    inner join {{ ref('measurement_dates') }} as dates
        on
            {{ month_start('deliveries.day') }} = dates.period
            and deliveries.day >= dates.measured_from
            and deliveries.day < dates.measured_to
    group by deliveries.obligation_id, dates.measured_to
)

select
    lifetimes.obligation_id,
    dates.measured_to,
    dates.period,
    dates.is_actual,
    cast(coalesce(moved.delivered_minor, 0) as bigint) as delivered_minor,
    cast(coalesce(moved.reduction_minor, 0) as bigint) as reduction_minor
from lifetimes
inner join {{ ref('measurement_dates') }} as dates
    on
        dates.measured_to > lifetimes.first_day
        and dates.measured_from <= lifetimes.last_day
left join moved
    on
        lifetimes.obligation_id = moved.obligation_id
        and dates.measured_to = moved.measured_to
