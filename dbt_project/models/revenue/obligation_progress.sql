-- The one equation: recognised to date = price known at t x progress at t, rounded once per obligation.
-- Patterns differ only in what they call price and progress; there is no second way to recognise revenue.
with known as (
    select
        movements.obligation_id,
        movements.measured_to,
        movements.period,
        movements.is_actual,
        obligations.pattern,
        obligations.available_date,
        obligations.service_end_date,
        obligations.stated_price_minor,
        allocations.allocated_minor,
        allocations.allocated_until_termination_minor,
        coalesce(obligations.terminated_date <= movements.measured_to, false) as is_terminated,
        sum(movements.delivered_minor) over (
            partition by movements.obligation_id order by movements.measured_to
        ) as delivered_to_date_minor,
        sum(movements.reduction_minor) over (
            partition by movements.obligation_id order by movements.measured_to
        ) as reduced_to_date_minor
    from {{ ref('obligation_movements') }} as movements
    inner join {{ ref('obligations') }} as obligations
        on movements.obligation_id = obligations.obligation_id
    left join {{ ref('price_allocations') }} as allocations
        on movements.obligation_id = allocations.obligation_id
    where obligations.pattern = 'as_used' or allocations.hold_reason is null
),

measured as (
    select
        *,
        case
            when pattern = 'as_used' then delivered_to_date_minor
            when is_terminated then allocated_until_termination_minor
            else allocated_minor
        end - reduced_to_date_minor as price_minor,
        case
            when pattern = 'as_used' or is_terminated then 1
            when pattern = 'ratable_daily'
                then least(
                    greatest({{ days_between('available_date', 'measured_to') }}, 0),
                    {{ days_between('available_date', 'service_end_date') }}
                )
            when pattern = 'milestone' then delivered_to_date_minor
            -- What was not drawn by the end will never be: breakage at expiry.
            when pattern in ('commit_drawdown', 'prepaid_credit')
                then case when measured_to >= service_end_date then 1 else delivered_to_date_minor end
        end as progress_part,
        case
            when pattern = 'as_used' or is_terminated then 1
            when pattern = 'ratable_daily' then {{ days_between('available_date', 'service_end_date') }}
            when pattern = 'milestone' then stated_price_minor
            when pattern in ('commit_drawdown', 'prepaid_credit')
                then case when measured_to >= service_end_date then 1 else stated_price_minor end
        end as progress_whole
    from known
)

select
    obligation_id,
    measured_to,
    period,
    is_actual,
    pattern,
    cast(price_minor as bigint) as price_minor,
    cast(reduced_to_date_minor as bigint) as reduced_to_date_minor,
    cast(progress_part as bigint) as progress_part,
    cast(progress_whole as bigint) as progress_whole,
    -- An obligation stated at nothing has nothing to recognise: its progress is undefined and its price is 0.
    case when progress_whole = 0 then 0 else {{ mul_div('price_minor', 'progress_part', 'progress_whole') }} end
        as recognised_to_date_minor
from measured
