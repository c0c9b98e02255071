-- The instants at which revenue is measured: each month end, and the cut-off when it falls inside a month.
with days as (
    select least(available_date, service_start_date) as day from {{ ref('obligations') }}
    where hold_reason is null
    union all
    select service_end_date as day from {{ ref('obligations') }}
    where hold_reason is null
    union all
    select due_date as day from {{ ref('milestones') }}
),

bounds as (
    select
        min(day) as first_day,
        greatest(max(day), {{ as_of_date() }}) as last_day
    from days
),

months as (
    select {{ each_month('first_day', 'last_day') }} as period
    from bounds
    where first_day is not null
),

bounded as (
    select
        period,
        {{ add_months('period', 1) }} as period_end
    from months
),

split as (
    select
        period,
        period as measured_from,
        case when {{ as_of_date() }} > period and {{ as_of_date() }} < period_end then {{ as_of_date() }} else period_end end
            as measured_to
    from bounded
    union all
    select
        period,
        {{ as_of_date() }} as measured_from,
        period_end as measured_to
    from bounded
    where {{ as_of_date() }} > period and {{ as_of_date() }} < period_end
)

select
    measured_to,
    measured_from,
    period,
    measured_to <= {{ as_of_date() }} as is_actual
from split
