-- What is promised and what later orders add to it; held with its contract, or because no price can be shared with it.
with stated as (
    select
        obligations.contract_id,
        obligations.stated_price_minor,
        1 as obligation_count,
        coalesce(obligations.hold_reason, allocations.hold_reason) as hold_reason
    from {{ ref('obligations') }} as obligations
    left join {{ ref('price_allocations') }} as allocations
        on obligations.obligation_id = allocations.obligation_id
    union all
    select
        changes.contract_id,
        changes.stated_price_minor,
        0 as obligation_count,
        coalesce(obligations.hold_reason, allocations.hold_reason) as hold_reason
    from {{ ref('order_changes') }} as changes
    left join {{ ref('obligations') }} as obligations
        on changes.obligation_id = obligations.obligation_id
    left join {{ ref('price_allocations') }} as allocations
        on changes.obligation_id = allocations.obligation_id
),

promised as (
    select
        contract_id,
        sum(case when hold_reason is null then stated_price_minor else 0 end) as stated_price_minor,
        sum(case when hold_reason is null then 0 else stated_price_minor end) as held_minor,
        sum(case when hold_reason is null then obligation_count else 0 end) as obligation_count
    from stated
    group by contract_id
),

versions as (
    select
        contract_id,
        count(*) as version_count
    from {{ ref('contract_versions') }}
    group by contract_id
),

-- On hold: by what its orders say, a price that cannot be shared, or credit notes above an invoice. A late milestone is
-- listed, but holds nothing.
holds as (
    select
        contract_id,
        min(reason_code) as hold_reason
    from {{ ref('rec_evidence') }}
    where contract_id is not null and status = 'exception' and reason_code not in ('CONTRACT_NOT_COLLECTABLE', 'MILESTONE_OVERDUE')
    group by contract_id
)

select
    cast(contracts.contract_id as varchar) as contract_id,
    cast(contracts.customer_id as varchar) as customer_id,
    cast(contracts.entity_id as varchar) as entity_id,
    cast(contracts.currency as varchar) as currency,
    cast(contracts.contract_kind as varchar) as contract_kind,
    cast(contracts.start_date as date) as start_date,
    cast(contracts.end_date as date) as end_date,
    cast(contracts.status as varchar) as status,
    cast(
        coalesce(
            holds.hold_reason,
            case when contracts.collectable_from >= {{ as_of_date() }} then 'CONTRACT_NOT_COLLECTABLE' end
        ) as varchar
    ) as hold_reason,
    cast(coalesce(versions.version_count, 0) as bigint) as version_count,
    cast(coalesce(promised.obligation_count, 0) as bigint) as obligation_count,
    cast(coalesce(promised.stated_price_minor, 0) as bigint) as stated_price_minor,
    cast(coalesce(promised.held_minor, 0) as bigint) as held_minor
from {{ ref('contracts') }} as contracts
left join promised
    on contracts.contract_id = promised.contract_id
left join versions
    on contracts.contract_id = versions.contract_id
left join holds
    on contracts.contract_id = holds.contract_id
