-- Progress: the part of an obligation transferred at each measurement, as a fraction of what its price round covers.
-- Patterns differ here and nowhere else.
with dated as (
    select
        *,
        coalesce(terminated_date <= measured_to, false) as is_terminated,
        greatest(available_date, round_starts_on) as starts_on,
        greatest(started_at, cast(round_starts_on as timestamp)) as starts_at,
        -- A month that the last round began is counted there.
        case
            when round_starts_on > available_date and {{ month_start('round_starts_on') }} < round_starts_on
                then {{ next_month('round_starts_on') }}
            else {{ month_start('greatest(available_date, round_starts_on)') }}
        end as first_month,
        {{ month_start(add_days('service_end_date', -1)) }} as last_month,
        {{ month_start(add_days('measured_to', -1)) }} as reached_month
    from {{ ref('progress_measures') }}
),

fractions as (
    select
        *,
        case
            when pattern = 'ratable_daily' then {{ days_between('starts_on', 'measured_to') }}
            when pattern = 'ratable_second' then {{ seconds_between('starts_at', 'measured_to') }}
            -- Equal parts for every month touched.
            when pattern = 'ratable_monthly'
                then case
                    when measured_to > starts_on then {{ months_between('first_month', 'reached_month') }} + 1 else 0
                end
            when pattern = 'point_in_time' then case when measured_to > service_start_date then 1 else 0 end
            when pattern = 'percent_complete'
                then case
                    when not is_actual and measured_to >= service_end_date then 1
                    else coalesce(part_millionths - opening_millionths, 0)
                end
            when pattern = 'material_right'
                then case when measured_to >= expires_date then 1 else delivered_to_date_millionths end
            when pattern = 'milestone' then delivered_in_round_minor
            -- What was not drawn by the end will never be: breakage at expiry.
            when pattern in ('commit_drawdown', 'prepaid_credit')
                then case when measured_to >= service_end_date then 1 else delivered_in_round_minor end
        end as part,
        case
            when pattern = 'ratable_daily' then {{ days_between('starts_on', 'service_end_date') }}
            when pattern = 'ratable_second' then {{ seconds_between('starts_at', 'service_end_date') }}
            when pattern = 'ratable_monthly' then {{ months_between('first_month', 'last_month') }} + 1
            when pattern = 'point_in_time' then 1
            when pattern = 'percent_complete'
                then case
                    when not is_actual and measured_to >= service_end_date then 1
                    else coalesce(whole_millionths - opening_millionths, 1)
                end
            when pattern = 'material_right'
                then case
                    when measured_to >= expires_date then 1
                    else coalesce(expected_millionths, {{ millionths('quantity') }})
                end
            when pattern = 'milestone' then stated_price_minor - delivered_to_date_minor + delivered_in_round_minor
            -- A supportable estimate of what will not be used is recognised in proportion to use.
            when pattern in ('commit_drawdown', 'prepaid_credit')
                then case
                    when measured_to >= service_end_date then 1
                    else stated_price_minor - delivered_to_date_minor + delivered_in_round_minor - breakage_minor
                end
        end as whole
    from dated
)

select
    obligation_id,
    measured_from,
    measured_to,
    period,
    is_actual,
    pattern,
    round_no,
    quantity,
    is_terminated,
    delivered_to_date_minor,
    delivered_to_date_millionths,
    adjusted_in_round_minor,
    changed_to_date_minor,
    reduced_to_date_minor,
    change_minor,
    reduction_minor,
    at_cost_minor,
    cast(
        case
            -- Until a customer is collectable nothing is recognised (606-10-25-7).
            when measured_to <= collectable_from then 0
            when pattern = 'as_used' or is_terminated or (whole <= 0 and part > 0) then 1
            when whole <= 0 then 0
            when pattern = 'percent_complete' then part
            else least(greatest(part, 0), whole)
        end as bigint
    ) as progress_part,
    cast(
        case
            when measured_to <= collectable_from or pattern = 'as_used' or is_terminated or whole <= 0 then 1
            else whole
        end as bigint
    ) as progress_whole
from fractions
