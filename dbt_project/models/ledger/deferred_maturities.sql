-- What is deferred at each month end by when it will be earned: what was billed is earned by the service that comes next, so
-- what the next twelve months do not use up is non-current. Months are seen with the schedule known at the cut-off.
with held as (
    select
        *,
        coalesce(
            lead(period) over (partition by contract_id, entity_id, currency order by period),
            {{ as_of_date() }}
        ) as replaced_on
    from {{ ref('contract_positions') }}
),

months as (
    select
        contract_id,
        entity_id,
        currency,
        deferred_minor,
        {{ each_month('period', add_days('replaced_on', -1)) }} as period
    from held
    where deferred_minor <> 0
),

-- Usage is earned as it is used and takes nothing from what was billed ahead.
scheduled as (
    select
        contract_id,
        period,
        is_actual,
        sum(recognised_minor) as recognised_minor
    from {{ ref('revenue_schedule') }}
    where not coalesce(is_usage, false)
    group by contract_id, period, is_actual
),

ahead as (
    select
        months.contract_id,
        months.entity_id,
        months.currency,
        months.period,
        months.deferred_minor,
        coalesce(sum(
            case
                when
                    scheduled.period
                    < {{ add_months('least(' ~ add_months('months.period', 1) ~ ', ' ~ month_start(as_of_date()) ~ ')', 12) }}
                    then scheduled.recognised_minor
            end
        ), 0) as within_year_minor,
        coalesce(sum(scheduled.recognised_minor), 0) as ahead_minor
    from months
    left join scheduled
        on
            months.contract_id = scheduled.contract_id
            and (scheduled.period > months.period or not scheduled.is_actual)
    group by months.contract_id, months.entity_id, months.currency, months.period, months.deferred_minor
),

split as (
    select
        *,
        -- Only what is scheduled later than a year can be non-current.
        least(greatest(deferred_minor - within_year_minor, 0), greatest(ahead_minor - within_year_minor, 0))
            as non_current_minor
    from ahead
)

select
    contract_id,
    entity_id,
    currency,
    period,
    cast(deferred_minor as bigint) as deferred_minor,
    cast(deferred_minor - non_current_minor as bigint) as current_minor,
    cast(non_current_minor as bigint) as non_current_minor
from split
