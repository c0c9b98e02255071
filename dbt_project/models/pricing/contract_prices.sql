-- The transaction price of a contract at each month end and the cut-off: what its orders state, fixed, and what estimates put
-- in and documents took back, variable. The part of a stated price that is at risk is variable too.
with stated as (
    select
        items.contract_id,
        versions.effective_date as known_date,
        items.stated_price_minor as fixed_minor,
        0 as variable_minor
    from {{ ref('promised_items') }} as items
    inner join {{ ref('contract_versions') }} as versions
        on items.order_id = versions.order_id
    union all
    select
        contract_id,
        known_date,
        amount_minor as fixed_minor,
        0 as variable_minor
    from {{ ref('price_estimates') }}
    where kind = 'discount' and known_date < {{ as_of_date() }}
    union all
    select
        contract_id,
        known_date,
        -(at_risk_minor - coalesce(lag(at_risk_minor) over (partition by estimate_id order by known_date), 0)) as fixed_minor,
        change_minor + at_risk_minor - coalesce(lag(at_risk_minor) over (partition by estimate_id order by known_date), 0)
            as variable_minor
    from {{ ref('variable_estimates') }}
    where kind <> 'breakage'
    union all
    select
        contract_id,
        reduction_date as known_date,
        0 as fixed_minor,
        -amount_minor as variable_minor
    from {{ ref('price_reductions') }}
    where not is_suspense
),

spans as (
    select
        contract_id,
        min(known_date) as first_day
    from stated
    group by contract_id
),

instants as (
    select
        spans.contract_id,
        dates.measured_from,
        dates.measured_to
    from spans
    inner join {{ ref('measurement_dates') }} as dates
        on dates.measured_to > spans.first_day
    where dates.is_actual
),

moved as (
    select
        instants.contract_id,
        instants.measured_to,
        coalesce(sum(stated.fixed_minor), 0) as fixed_minor,
        coalesce(sum(stated.variable_minor), 0) as variable_minor
    from instants
    left join stated
        on
            instants.contract_id = stated.contract_id
            and stated.known_date >= instants.measured_from
            and stated.known_date < instants.measured_to
    group by instants.contract_id, instants.measured_to
)

select
    moved.contract_id,
    moved.measured_to,
    contracts.entity_id,
    contracts.currency,
    cast(sum(moved.fixed_minor) over running as bigint) as fixed_minor,
    cast(sum(moved.variable_minor) over running as bigint) as variable_minor,
    cast(sum(moved.fixed_minor + moved.variable_minor) over running as bigint) as total_minor
from moved
inner join {{ ref('contracts') }} as contracts
    on moved.contract_id = contracts.contract_id
window running as (partition by moved.contract_id order by moved.measured_to)
