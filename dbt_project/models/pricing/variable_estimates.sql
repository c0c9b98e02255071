-- Step 3: each dated estimate of variable consideration as the amount it puts into the price: expected value or most
-- likely amount, held to the constraint (606-10-32-5 to 32-13). `change_minor` is the cumulative catch-up of the row.
with outcomes as (
    select
        estimate_id,
        known_date,
        {{ mul_div('sum(amount_minor * cast(probability * 1000000 as bigint))', '1', '1000000') }} as expected_minor,
        -- Of equally likely amounts the lowest: the constraint leans that way.
        min_by(amount_minor, (1 - probability) * 1000000000000 + amount_minor) as most_likely_minor
    from {{ ref('price_estimate_outcomes') }}
    group by estimate_id, known_date
),

estimated as (
    select
        estimates.*,
        case estimates.method
            when 'expected_value' then outcomes.expected_minor
            when 'most_likely' then outcomes.most_likely_minor
            else estimates.amount_minor
        end as estimated_minor
    from {{ ref('price_estimates') }} as estimates
    left join outcomes
        on estimates.estimate_id = outcomes.estimate_id and estimates.known_date = outcomes.known_date
    where
        estimates.known_date < {{ as_of_date() }}
        and estimates.kind <> 'discount'
),

constrained as (
    select
        *,
        least(estimated_minor, coalesce(constrained_to_minor, estimated_minor)) as effective_minor
    from estimated
)

select
    estimate_id,
    contract_id,
    kind,
    known_date,
    coalesce(
        lead(known_date) over (partition by estimate_id order by known_date), cast('9999-12-31' as date)
    ) as replaced_date,
    obligation_ids,
    days_from,
    days_to,
    coalesce(is_satisfied, false) as is_satisfied,
    per_unit_amount,
    coalesce(at_risk_minor, 0) as at_risk_minor,
    cast(coalesce(estimated_minor, 0) as bigint) as estimated_minor,
    cast(coalesce(effective_minor, 0) as bigint) as effective_minor,
    cast(
        coalesce(effective_minor, 0) - coalesce(
            lag(effective_minor) over (partition by estimate_id order by known_date), 0
        ) as bigint
    ) as change_minor
from constrained
