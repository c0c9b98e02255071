-- Variable amounts that belong to a part of an obligation, at each measurement: to what was satisfied already, or to some
-- days of a series (606-10-32-40). Each has its own progress; an obligation without any has no row.
with targeted as (
    select * from {{ ref('price_adjustments') }}
    where basis in ('satisfied', 'days')
),

rebates as (
    select
        measured.obligation_id,
        measured.measured_to,
        {{ mul_div(
            'cast(estimates.per_unit_amount * 1000000 as bigint) * (' ~ minor_factor('currencies.exponent') ~ ')',
            'measured.delivered_to_date_millionths',
            '1000000000000'
        ) }} as amount_minor
    from {{ ref('measured_progress') }} as measured
    inner join {{ ref('obligations') }} as obligations
        on measured.obligation_id = obligations.obligation_id
    inner join {{ ref('currencies') }} as currencies
        on obligations.currency = currencies.currency
    inner join {{ ref('variable_estimates') }} as estimates
        on
            obligations.contract_id = estimates.contract_id
            and '|' || estimates.obligation_ids || '|' like '%|' || obligations.obligation_id || '|%'
            and measured.measured_to > estimates.known_date
            and measured.measured_to <= estimates.replaced_date
    where estimates.per_unit_amount is not null
),

parts as (
    select
        measured.obligation_id,
        measured.measured_to,
        targeted.amount_minor as price_minor,
        case
            when targeted.basis = 'satisfied' then targeted.amount_minor
            else {{ mul_div(
                'targeted.amount_minor',
                'least(greatest(' ~ days_between('targeted.days_from', 'measured.measured_to') ~ ', 0), '
                ~ days_between('targeted.days_from', 'targeted.days_to') ~ ')',
                days_between('targeted.days_from', 'targeted.days_to')
            ) }}
        end as recognised_minor
    from targeted
    inner join {{ ref('measured_progress') }} as measured
        on
            targeted.obligation_id = measured.obligation_id
            and measured.measured_to > targeted.known_date
    union all
    -- A rebate on each unit is the price of what was delivered.
    select
        obligation_id,
        measured_to,
        amount_minor as price_minor,
        amount_minor as recognised_minor
    from rebates
)

select
    obligation_id,
    measured_to,
    cast(sum(price_minor) as bigint) as price_minor,
    cast(sum(recognised_minor) as bigint) as recognised_minor
from parts
group by obligation_id, measured_to
