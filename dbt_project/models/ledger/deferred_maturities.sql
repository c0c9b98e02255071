-- What is deferred at the cut-off by when it will be earned: what was billed is earned by the service that comes next, so
-- what the next twelve months do not use up is non-current.
with latest as (
    select
        *,
        row_number() over (partition by contract_id, entity_id, currency order by period desc) as newest
    from {{ ref('contract_positions') }}
),

scheduled as (
    select
        contract_id,
        sum(case when not is_actual and period < {{ add_months(month_start(as_of_date()), 12) }} then recognised_minor else 0 end)
            as within_year_minor,
        sum(case when not is_actual then recognised_minor else 0 end) as ahead_minor
    from {{ ref('revenue_schedule') }}
    group by contract_id
),

split as (
    select
        latest.contract_id,
        latest.entity_id,
        latest.currency,
        latest.deferred_minor,
        -- Only what is scheduled later than a year can be non-current.
        least(
            greatest(latest.deferred_minor - coalesce(scheduled.within_year_minor, 0), 0),
            greatest(coalesce(scheduled.ahead_minor, 0) - coalesce(scheduled.within_year_minor, 0), 0)
        ) as non_current_minor
    from latest
    left join scheduled
        on latest.contract_id = scheduled.contract_id
    where latest.newest = 1 and latest.deferred_minor <> 0
)

select
    contract_id,
    entity_id,
    currency,
    cast(deferred_minor as bigint) as deferred_minor,
    cast(deferred_minor - non_current_minor as bigint) as current_minor,
    cast(non_current_minor as bigint) as non_current_minor
from split
