-- Deferred revenue of a contract at a month end by when it is earned: non-current is what the schedule leaves after the
-- twelve months that follow (210-10-45-9). Usage is earned as it is billed and takes nothing from it.
with deferred as (
    select
        contract_id,
        entity_id,
        currency,
        period,
        deferred_minor
    from {{ ref('contract_positions') }}
    where deferred_minor > 0
),

earned as (
    select
        contract_id,
        period,
        sum(recognised_minor) as recognised_minor
    from {{ ref('revenue_schedule') }}
    where not is_usage
    group by contract_id, period
),

ahead as (
    select
        deferred.contract_id,
        deferred.entity_id,
        deferred.currency,
        deferred.period,
        deferred.deferred_minor,
        greatest(coalesce(sum(earned.recognised_minor), 0), 0) as next_year_minor
    from deferred
    left join earned
        on
            deferred.contract_id = earned.contract_id
            and deferred.period < earned.period
            and {{ add_months('deferred.period', 12) }} >= earned.period
    group by deferred.contract_id, deferred.entity_id, deferred.currency, deferred.period, deferred.deferred_minor
)

select
    contract_id,
    entity_id,
    currency,
    period,
    deferred_minor,
    cast(least(deferred_minor, next_year_minor) as bigint) as current_minor,
    cast(deferred_minor - least(deferred_minor, next_year_minor) as bigint) as noncurrent_minor
from ahead
