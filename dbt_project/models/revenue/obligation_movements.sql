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
    -- A milestone counts when it is completed; one still ahead is scheduled on the day it is due.
    select
        obligation_id,
        case when completed_date < {{ as_of_date() }} then completed_date else due_date end as day,
        amount_minor as delivered_minor,
        0 as reduction_minor
    from {{ ref('milestones') }}
    where completed_date < {{ as_of_date() }} or due_date >= {{ as_of_date() }}
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

-- Month ends, the cut-off, and the start of each day on which the price fell: what was recognised by then is known.
instants as (
    select
        lifetimes.obligation_id,
        dates.measured_to,
        dates.period,
        dates.is_actual
    from lifetimes
    inner join {{ ref('measurement_dates') }} as dates
        on
            dates.measured_to > lifetimes.first_day
            and dates.measured_from <= lifetimes.last_day
    union
    select
        reductions.obligation_id,
        reductions.reduction_date as measured_to,
        {{ month_start(add_days('reductions.reduction_date', -1)) }} as period,
        true as is_actual
    from {{ ref('price_reductions') }} as reductions
    inner join lifetimes
        on
            reductions.obligation_id = lifetimes.obligation_id
            and reductions.reduction_date > lifetimes.first_day
    where not reductions.is_suspense
),

intervals as (
    select
        *,
        coalesce(
            lag(measured_to) over (partition by obligation_id, period order by measured_to), period
        ) as measured_from
    from instants
),

moved as (
    select
        deliveries.obligation_id,
        intervals.measured_to,
        sum(deliveries.delivered_minor) as delivered_minor,
        sum(deliveries.reduction_minor) as reduction_minor
    from deliveries
    inner join intervals
        on
            deliveries.obligation_id = intervals.obligation_id
            and {{ month_start('deliveries.day') }} = intervals.period
            and deliveries.day >= intervals.measured_from
            and deliveries.day < intervals.measured_to
    group by deliveries.obligation_id, intervals.measured_to
)

select
    intervals.obligation_id,
    intervals.measured_to,
    intervals.period,
    intervals.is_actual,
    cast(coalesce(moved.delivered_minor, 0) as bigint) as delivered_minor,
    cast(coalesce(moved.reduction_minor, 0) as bigint) as reduction_minor
from intervals
left join moved
    on
        intervals.obligation_id = moved.obligation_id
        and intervals.measured_to = moved.measured_to
