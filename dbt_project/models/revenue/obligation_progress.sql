-- The one equation: recognised to date = price known at t x progress at t, rounded once per obligation and price round.
-- Patterns differ only in what they call price and progress; there is no second way to recognise revenue.
with known as (
    select
        measured.*,
        segments.closed_minor,
        coalesce(targeted.price_minor, 0) as targeted_price_minor,
        coalesce(targeted.recognised_minor, 0) as targeted_recognised_minor,
        case
            when measured.pattern = 'as_used' then measured.delivered_to_date_minor + measured.adjusted_in_round_minor
            -- A termination leaves what was due before it, at the rate at which the price is shared.
            when measured.is_terminated and measured.round_no = 0
                then allocations.allocated_until_termination_minor + measured.adjusted_in_round_minor
            when measured.is_terminated
                then {{ mul_div(
                    'prices.stated_until_termination_minor', 'segments.closed_minor + segments.base_minor',
                    'prices.stated_total_minor'
                ) }} - segments.closed_minor + measured.adjusted_in_round_minor
            else segments.base_minor + measured.adjusted_in_round_minor
        end as open_minor
    from {{ ref('measured_progress') }} as measured
    left join {{ ref('price_allocations') }} as allocations
        on measured.obligation_id = allocations.obligation_id
    left join {{ ref('transaction_prices') }} as prices
        on measured.obligation_id = prices.obligation_id
    left join {{ ref('segment_prices') }} as segments
        on
            measured.obligation_id = segments.obligation_id
            and measured.round_no = segments.round_no
    left join {{ ref('targeted_amounts') }} as targeted
        on
            measured.obligation_id = targeted.obligation_id
            and measured.measured_to = targeted.measured_to
    where measured.pattern = 'as_used' or allocations.hold_reason is null
),

before as (
    select
        *,
        lag(progress_part) over earlier as part_before,
        lag(round_no) over earlier as round_before,
        lag({{ mul_div('coalesce(open_minor, 0) - at_cost_minor', 'progress_part', 'progress_whole') }} + at_cost_minor)
            over earlier as recognised_before_minor
    from known
    window earlier as (partition by obligation_id order by measured_to)
)

select
    obligation_id,
    measured_from,
    measured_to,
    period,
    is_actual,
    pattern,
    round_no,
    cast(coalesce(closed_minor, 0) + coalesce(open_minor, 0) + targeted_price_minor as bigint) as price_minor,
    cast(changed_to_date_minor + targeted_price_minor as bigint) as changed_to_date_minor,
    cast(reduced_to_date_minor as bigint) as reduced_to_date_minor,
    -- What a changed price, measured anew, does to what was delivered before it.
    case
        when change_minor <> 0 and round_before = round_no
            then {{ mul_div('open_minor + reduction_minor - at_cost_minor', 'part_before', 'progress_whole') }} + at_cost_minor
                - recognised_before_minor
        else 0
    end as catch_up_minor,
    progress_part,
    progress_whole,
    -- An obligation stated at nothing has nothing to recognise. Materials at cost are outside the measure of progress.
    cast(
        coalesce(closed_minor, 0)
        + {{ mul_div('coalesce(open_minor, 0) - at_cost_minor', 'progress_part', 'progress_whole') }} + at_cost_minor
        + targeted_recognised_minor as bigint
    ) as recognised_to_date_minor
from before
