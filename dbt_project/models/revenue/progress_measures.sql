-- Where the terms of an obligation stand at each measurement: the price round, the dates that round runs over, and what was
-- delivered in it and before it. Cost, units and shares come from measurements; they count from the day after.
with movements as (
    select
        movements.*,
        obligations.pattern,
        obligations.is_usage,
        obligations.available_date,
        obligations.service_start_date,
        obligations.started_at,
        obligations.terminated_date,
        obligations.collectable_from,
        options.expires_date,
        obligations.stated_price_minor,
        coalesce(terms.quantity, obligations.quantity) as quantity,
        coalesce(terms.service_end_date, obligations.service_end_date) as service_end_date,
        coalesce(rounds.round_no, 0) as round_no,
        coalesce(rounds.starts_on, cast('0001-01-01' as date)) as round_starts_on
    from {{ ref('obligation_movements') }} as movements
    inner join {{ ref('obligations') }} as obligations
        on movements.obligation_id = obligations.obligation_id
    left join {{ ref('material_right_grants') }} as options
        on movements.obligation_id = options.option_id
    left join {{ ref('price_rounds') }} as rounds
        on
            -- Usage has no rounds. A condition on one side alone would make DuckDB compare every pair.
            rounds.price_group_id = case when not obligations.is_usage then obligations.price_group_id end
            and movements.measured_to > rounds.starts_on
            and movements.measured_to <= rounds.ends_on
    left join {{ ref('obligation_terms') }} as terms
        on
            movements.obligation_id = terms.obligation_id
            and movements.measured_to > terms.valid_from
            and movements.measured_to <= terms.valid_to
),

measurements as (
    select
        obligation_id,
        measured_date as known_after,
        coalesce(
            lead(measured_date) over (partition by obligation_id order by measured_date), cast('9999-12-31' as date)
        ) as known_until,
        {{ millionths('part') }} as part_millionths,
        {{ millionths('whole') }} as whole_millionths,
        coalesce(at_cost_minor, 0) as at_cost_minor
    from {{ ref('progress_measurements') }}
    where measured_date < {{ as_of_date() }}
),

expected_units as (
    select
        option_id,
        on_date as known_date,
        coalesce(
            lead(on_date) over (partition by option_id order by on_date), cast('9999-12-31' as date)
        ) as replaced_date,
        {{ millionths('units') }} as expected_millionths
    from {{ ref('material_right_units') }}
    where kind = 'expected'
),

breakage as (
    select
        obligations.obligation_id,
        estimates.known_date,
        estimates.replaced_date,
        estimates.effective_minor as breakage_minor
    from {{ ref('variable_estimates') }} as estimates
    inner join {{ ref('obligations') }} as obligations
        on
            estimates.contract_id = obligations.contract_id
            and '|' || estimates.obligation_ids || '|' like '%|' || obligations.obligation_id || '|%'
    where estimates.kind = 'breakage'
),

-- Sums to date, of the obligations that have anything to sum: most only pass time, and windows over them cost the most.
eventful as (
    select
        obligation_id,
        measured_to,
        round_no,
        delivered_minor,
        delivered_millionths,
        change_minor,
        reduction_minor
    from movements
    where obligation_id in (
        select obligation_id from {{ ref('obligation_movements') }}
        where delivered_minor <> 0 or delivered_millionths <> 0 or change_minor <> 0 or reduction_minor <> 0
    )
),

sums as (
    select
        obligation_id,
        measured_to,
        sum(delivered_minor) over running as delivered_to_date_minor,
        sum(delivered_millionths) over running as delivered_to_date_millionths,
        sum(delivered_minor) over in_round as delivered_in_round_minor,
        sum(change_minor - reduction_minor) over in_round as adjusted_in_round_minor,
        sum(change_minor) over running as changed_to_date_minor,
        sum(reduction_minor) over running as reduced_to_date_minor
    from eventful
    window
        running as (partition by obligation_id order by measured_to),
        in_round as (partition by obligation_id, round_no order by measured_to)
)

select
    movements.*,
    coalesce(sums.delivered_to_date_minor, 0) as delivered_to_date_minor,
    coalesce(sums.delivered_to_date_millionths, 0) as delivered_to_date_millionths,
    coalesce(sums.delivered_in_round_minor, 0) as delivered_in_round_minor,
    coalesce(sums.adjusted_in_round_minor, 0) as adjusted_in_round_minor,
    coalesce(sums.changed_to_date_minor, 0) as changed_to_date_minor,
    coalesce(sums.reduced_to_date_minor, 0) as reduced_to_date_minor,
    measurements.part_millionths,
    measurements.whole_millionths,
    coalesce(measurements.at_cost_minor, 0) as at_cost_minor,
    coalesce(opening.part_millionths, 0) as opening_millionths,
    expected_units.expected_millionths,
    coalesce(breakage.breakage_minor, 0) as breakage_minor
from movements
left join sums
    on movements.obligation_id = sums.obligation_id and movements.measured_to = sums.measured_to
left join measurements
    on
        movements.obligation_id = measurements.obligation_id
        and movements.measured_to > measurements.known_after
        and movements.measured_to <= measurements.known_until
left join measurements as opening
    on
        movements.obligation_id = opening.obligation_id
        and movements.round_starts_on > opening.known_after
        and movements.round_starts_on <= opening.known_until
left join expected_units
    on
        movements.obligation_id = expected_units.option_id
        and movements.measured_to > expected_units.known_date
        and movements.measured_to <= expected_units.replaced_date
left join breakage
    on
        movements.obligation_id = breakage.obligation_id
        and movements.measured_to > breakage.known_date
        and movements.measured_to <= breakage.replaced_date
