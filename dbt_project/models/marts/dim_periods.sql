-- Months from the first movement or measurement to the last one scheduled.
with months as (
    select period from {{ ref('measurement_dates') }}
    union
    select period from {{ ref('trial_balance') }}
)

select
    cast(period as date) as period,
    cast({{ add_months('period', 1) }} as date) as next_period,
    cast(year(period) as bigint) as calendar_year,
    cast(quarter(period) as bigint) as calendar_quarter,
    cast(month(period) as bigint) as calendar_month,
    cast({{ days_between('period', add_months('period', 1)) }} as bigint) as day_count,
    cast({{ add_months('period', 1) }} <= {{ as_of_date() }} as boolean) as is_over
from months
