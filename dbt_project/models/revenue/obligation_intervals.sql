-- The intervals between two measurements of an obligation: month ends and the cut-off, and the days on which its price or
-- terms changed, so that what a change does to the past can be told from what the interval delivered.
with obligations as (
    select
        obligation_id,
        pattern,
        price_group_id,
        is_usage,
        least(available_date, service_start_date) as first_day,
        service_end_date
    from {{ ref('obligations') }}
    where hold_reason is null
),

cuts as (
    select obligation_id, known_date as day from {{ ref('price_adjustments') }}
    union
    select obligation_id, valid_from as day from {{ ref('obligation_terms') }}
    where valid_from > cast('0001-01-01' as date)
    union
    select obligations.obligation_id, rounds.starts_on as day
    from obligations
    inner join {{ ref('price_rounds') }} as rounds
        on obligations.price_group_id = rounds.price_group_id
    where rounds.round_no > 0 and not obligations.is_usage
),

events as (
    select obligation_id, day from {{ ref('obligation_deliveries') }}
    union all
    select obligation_id, day from cuts
    union all
    select obligation_id, measured_date as day from {{ ref('progress_measurements') }}
    where measured_date < {{ as_of_date() }}
),

lifetimes as (
    select
        obligations.obligation_id,
        -- Usage is measured while it happens; everything else also when nothing does.
        least(
            min(events.day),
            min(case when obligations.pattern <> 'as_used' then obligations.first_day end)
        ) as first_day,
        greatest(
            max(events.day),
            max(case when obligations.pattern <> 'as_used' then {{ add_days('obligations.service_end_date', -1) }} end)
        ) as last_day
    from obligations
    left join events
        on obligations.obligation_id = events.obligation_id
    group by obligations.obligation_id
),

months as (
    select
        lifetimes.obligation_id,
        dates.measured_from,
        dates.measured_to,
        dates.period,
        dates.is_actual
    from lifetimes
    inner join {{ ref('measurement_dates') }} as dates
        on
            dates.measured_to > lifetimes.first_day
            and dates.measured_from <= lifetimes.last_day
),

instants as (
    select * from months
    union all
    select
        months.obligation_id,
        months.measured_from,
        cuts.day as measured_to,
        months.period,
        months.is_actual
    from months
    inner join cuts
        on
            months.obligation_id = cuts.obligation_id
            and cuts.day > months.measured_from
            and cuts.day < months.measured_to
)

select
    obligation_id,
    coalesce(
        lag(measured_to) over (partition by obligation_id, period order by measured_to), measured_from
    ) as measured_from,
    measured_to,
    period,
    is_actual
from instants
