{{ config(meta={'dagster': {'ref': {'name': 'revenue_schedule'}}}) }}
-- Nothing of a fixed price is in no month: past and scheduled months of an obligation sum to what it was allocated.
with recognised as (
    select obligation_id, sum(recognised_minor) as recognised_minor
    from {{ ref('revenue_schedule') }}
    group by obligation_id
),

reduced as (
    select obligation_id, sum(amount_minor) as reduced_minor
    from {{ ref('price_reductions') }}
    where not is_suspense
    group by obligation_id
),

due as (
    select
        allocations.obligation_id,
        coalesce(allocations.allocated_until_termination_minor, allocations.allocated_minor)
        - coalesce(reduced.reduced_minor, 0) as due_minor
    from {{ ref('price_allocations') }} as allocations
    left join reduced
        on allocations.obligation_id = reduced.obligation_id
    where allocations.hold_reason is null
)

select
    due.obligation_id,
    due.due_minor,
    recognised.recognised_minor
from due
left join recognised
    on due.obligation_id = recognised.obligation_id
where due.due_minor <> coalesce(recognised.recognised_minor, 0)
