-- What changed the price of an obligation after it was agreed, by the day it became known: estimates, spread over what they
-- are about; changes that catch up; and what was given back. `basis` says of which part of the obligation it is the price:
-- all of it (`progress`), what is satisfied already, or some days of a series (606-10-32-40).
with estimates as (
    select
        estimates.*,
        obligations.obligation_id,
        obligations.entity_id,
        obligations.currency,
        greatest(coalesce(allocations.ssp_weight, 0), 0) as weight,
        min(obligations.booked_date) over (partition by estimates.estimate_id, estimates.known_date) as first_booked_date,
        obligations.booked_date
    from {{ ref('variable_estimates') }} as estimates
    inner join {{ ref('obligations') }} as obligations
        on estimates.contract_id = obligations.contract_id
    left join {{ ref('price_allocations') }} as allocations
        on obligations.obligation_id = allocations.obligation_id
    where
        estimates.kind <> 'breakage'
        and obligations.hold_reason is null
        and estimates.per_unit_amount is null
        and estimates.change_minor <> 0
        and (
            '|' || estimates.obligation_ids || '|' like '%|' || obligations.obligation_id || '|%'
            or (estimates.obligation_ids is null and not obligations.is_usage and allocations.hold_reason is null)
        )
),

-- What was promised later is not what an earlier estimate is about.
spread as (
    select * from estimates
    where booked_date <= greatest(known_date, first_booked_date)
),

parts as (
    {{ largest_remainder('spread', ['estimate_id', 'known_date'], ['obligation_id'], 'change_minor', 'weight') }}
),

adjustments as (
    select
        'estimate:' || estimate_id || ':' || cast(known_date as varchar) as source_ref,
        -- Expected to be given back; what was given back is a reduction of that name.
        case kind when 'refund' then 'refund_expected' else kind end as kind,
        obligation_id,
        known_date,
        case when is_satisfied then 'satisfied' when days_from is not null then 'days' else 'progress' end as basis,
        days_from,
        days_to,
        part_minor as amount_minor
    from parts
    union all
    select
        'salesforce:order_item:' || order_item_id as source_ref,
        'catch_up' as kind,
        obligation_id,
        effective_date as known_date,
        'progress' as basis,
        null as days_from,
        null as days_to,
        stated_price_minor as amount_minor
    from {{ ref('order_changes') }}
    where modification_method = 'catch_up'
    union all
    -- Paid ahead, the price grows with the interest; paid later, it is the cash price.
    select
        'financing:' || obligation_id as source_ref,
        'financing' as kind,
        obligation_id,
        {{ add_days(add_months('period', 1), -1) }} as known_date,
        'progress' as basis,
        null as days_from,
        null as days_to,
        interest_minor as amount_minor
    from {{ ref('financing_components') }}
    where is_advance
    union all
    select distinct
        'financing:' || obligation_id as source_ref,
        'financing' as kind,
        obligation_id,
        booked_date as known_date,
        'progress' as basis,
        null as days_from,
        null as days_to,
        cash_price_minor - stated_price_minor as amount_minor
    from {{ ref('financing_components') }}
    where not is_advance
    union all
    -- What usage fell short of a minimum is the price of its period, at its end (606-10-32-40).
    select
        'true_up:' || obligation_id || ':' || cast(period_start as varchar) as source_ref,
        'true_up' as kind,
        obligation_id,
        {{ add_days('period_end', -1) }} as known_date,
        'satisfied' as basis,
        null as days_from,
        null as days_to,
        true_up_minor as amount_minor
    from {{ ref('true_ups') }}
    where period_end <= {{ as_of_date() }}
    union all
    select
        evidence_ref || ':' || price_reduction_id as source_ref,
        kind,
        obligation_id,
        reduction_date as known_date,
        'progress' as basis,
        null as days_from,
        null as days_to,
        -amount_minor as amount_minor
    from {{ ref('price_reductions') }}
    where not is_suspense
)

select
    source_ref,
    kind,
    obligation_id,
    known_date,
    basis,
    cast(days_from as date) as days_from,
    cast(days_to as date) as days_to,
    cast(amount_minor as bigint) as amount_minor
from adjustments
where amount_minor <> 0
