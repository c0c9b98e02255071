-- What happened to an obligation between two measurements: how much was delivered, by how much its price changed.
-- Every obligation has a row for each measurement from its first day to its last, quiet ones included.
with intervals as (
    select * from {{ ref('obligation_intervals') }}
),

delivered as (
    select
        intervals.obligation_id,
        intervals.measured_to,
        sum(deliveries.delivered_minor) as delivered_minor,
        sum(deliveries.delivered_millionths) as delivered_millionths
    from {{ ref('obligation_deliveries') }} as deliveries
    inner join intervals
        on
            deliveries.obligation_id = intervals.obligation_id
            and {{ month_start('deliveries.day') }} = intervals.period
            and deliveries.day >= intervals.measured_from
            and deliveries.day < intervals.measured_to
    group by intervals.obligation_id, intervals.measured_to
),

adjusted as (
    select
        intervals.obligation_id,
        intervals.measured_to,
        sum(case when adjustments.kind in {{ price_reduction_kinds() }} then -adjustments.amount_minor else 0 end)
            as reduction_minor,
        sum(case when adjustments.kind in {{ price_reduction_kinds() }} then 0 else adjustments.amount_minor end)
            as change_minor
    from {{ ref('price_adjustments') }} as adjustments
    inner join intervals
        on
            adjustments.obligation_id = intervals.obligation_id
            and {{ month_start('adjustments.known_date') }} = intervals.period
            and adjustments.known_date >= intervals.measured_from
            and adjustments.known_date < intervals.measured_to
    where adjustments.basis = 'progress'
    group by intervals.obligation_id, intervals.measured_to
)

select
    intervals.obligation_id,
    intervals.measured_from,
    intervals.measured_to,
    intervals.period,
    intervals.is_actual,
    cast(coalesce(delivered.delivered_minor, 0) as bigint) as delivered_minor,
    cast(coalesce(delivered.delivered_millionths, 0) as bigint) as delivered_millionths,
    cast(coalesce(adjusted.reduction_minor, 0) as bigint) as reduction_minor,
    cast(coalesce(adjusted.change_minor, 0) as bigint) as change_minor
from intervals
left join delivered
    on
        intervals.obligation_id = delivered.obligation_id
        and intervals.measured_to = delivered.measured_to
left join adjusted
    on
        intervals.obligation_id = adjusted.obligation_id
        and intervals.measured_to = adjusted.measured_to
