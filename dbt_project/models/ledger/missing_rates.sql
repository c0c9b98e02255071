-- Rates that the books need and the policy does not give: of a document's day, of a month end with a foreign balance, of a month
-- that is translated for the group. Nothing can be posted or consolidated over them.
with unvalued as (
    select
        booked.entity_id,
        booked.currency,
        amounts.functional_currency,
        amounts.valued_date as rate_date,
        'document' as needed_for,
        min(booked.entry_key) as first_entry_key,
        count(*) as line_count,
        sum(booked.debit_minor) as amount_minor
    from {{ ref('functional_amounts') }} as amounts
    inner join {{ ref('booked_entries') }} as booked
        on
            amounts.entry_key = booked.entry_key
            and amounts.line_no = booked.line_no
    where amounts.functional_minor is null
    group by booked.entity_id, booked.currency, amounts.functional_currency, amounts.valued_date
),

unmeasured as (
    select
        entity_id,
        currency,
        functional_currency,
        entry_date as rate_date,
        'month end' as needed_for,
        min(entry_key) as first_entry_key,
        count(*) as line_count,
        0 as amount_minor
    from {{ ref('remeasurement_entries') }}
    where functional_minor is null
    group by entity_id, currency, functional_currency, entry_date
),

untranslated as (
    select
        movements.entity_id,
        movements.functional_currency as currency,
        policies.presentation_currency as functional_currency,
        {{ add_days('least(' ~ add_months('movements.counted_period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as rate_date,
        'translation' as needed_for,
        cast(null as varchar) as first_entry_key,
        sum(movements.line_count) as line_count,
        0 as amount_minor
    from {{ ref('account_movements') }} as movements
    cross join {{ ref('consolidation_policies') }} as policies
    left join {{ ref('translation_rates') }} as rates
        on
            movements.functional_currency = rates.functional_currency
            and policies.presentation_currency = rates.presentation_currency
            and movements.counted_period = rates.period
    where
        movements.functional_currency <> policies.presentation_currency
        and movements.basis = 'as_recast'
        and not movements.is_before_joining
        and rates.period is null
    group by
        movements.entity_id, movements.functional_currency, policies.presentation_currency, movements.counted_period
)

select
    entity_id,
    currency,
    functional_currency,
    rate_date,
    needed_for,
    first_entry_key,
    cast(line_count as bigint) as line_count,
    cast(amount_minor as bigint) as amount_minor,
    'no rate of ' || currency || ' in ' || functional_currency || ' on ' || cast(rate_date as varchar)
    || ' or near enough before it by the rate policy (' || needed_for
    || coalesce(', first ' || first_entry_key, '') || ')' as detail
from (
    select * from unvalued
    union all
    select * from unmeasured
    union all
    select * from untranslated
) as needed
