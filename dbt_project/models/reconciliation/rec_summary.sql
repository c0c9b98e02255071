-- Each handoff in one row an entity and currency: what went in, what matched, what is excepted, what is lost.
-- Left and right are control totals of the domain tables; `unexplained_minor` is what the rec rows fail to carry of them.
{%- set handoffs = [
    'rec_orders_to_billing', 'rec_usage_to_invoices', 'rec_invoices_to_cash', 'rec_payouts_to_bank', 'rec_ledger_to_gl',
] %}
with rows_by_side as (
    {%- for handoff in handoffs %}
    {{ 'union all' if not loop.first }}
    select handoff, entity_id, currency, status, left_minor, cast(0 as bigint) as right_minor, 1 as row_count
    from {{ ref(handoff) }}
    union all
    -- The right side counts in the entity and currency in which it was recorded.
    select handoff, right_entity_id, right_currency, status, 0 as left_minor, right_minor, 0 as row_count
    from {{ ref(handoff) }}
    {%- endfor %}
),

carried as (
    select
        handoff,
        coalesce(entity_id, 'unknown') as entity_id,
        coalesce(currency, 'unknown') as currency,
        sum(left_minor) as left_minor,
        sum(right_minor) as right_minor,
        sum(case when status = 'matched' then left_minor else 0 end) as matched_minor,
        sum(case when status = 'exception' then left_minor - right_minor else 0 end) as exception_minor,
        sum(case when status = 'timing' then left_minor - right_minor else 0 end) as timing_minor,
        sum(case when status = 'matched' then row_count else 0 end) as matched_count,
        sum(case when status = 'exception' then row_count else 0 end) as exception_count,
        sum(case when status = 'timing' then row_count else 0 end) as timing_count
    from rows_by_side
    group by handoff, coalesce(entity_id, 'unknown'), coalesce(currency, 'unknown')
),

totals as (
    select
        handoff,
        coalesce(entity_id, 'unknown') as entity_id,
        coalesce(currency, 'unknown') as currency,
        sum(case when side = 'left' then amount_minor else 0 end) as left_minor,
        sum(case when side = 'right' then amount_minor else 0 end) as right_minor
    from {{ ref('handoff_totals') }}
    group by handoff, coalesce(entity_id, 'unknown'), coalesce(currency, 'unknown')
)

select
    coalesce(totals.handoff, carried.handoff) as handoff,
    coalesce(totals.entity_id, carried.entity_id) as entity_id,
    coalesce(totals.currency, carried.currency) as currency,
    cast(coalesce(totals.left_minor, 0) as bigint) as left_minor,
    cast(coalesce(carried.matched_minor, 0) as bigint) as matched_minor,
    cast(coalesce(carried.exception_minor, 0) as bigint) as exception_minor,
    cast(coalesce(carried.timing_minor, 0) as bigint) as timing_minor,
    cast(coalesce(totals.right_minor, 0) as bigint) as right_minor,
    cast(coalesce(carried.matched_count, 0) as bigint) as matched_count,
    cast(coalesce(carried.exception_count, 0) as bigint) as exception_count,
    cast(coalesce(carried.timing_count, 0) as bigint) as timing_count,
    cast(
        abs(coalesce(totals.left_minor, 0) - coalesce(carried.left_minor, 0))
        + abs(coalesce(totals.right_minor, 0) - coalesce(carried.right_minor, 0)) as bigint
    ) as unexplained_minor
from totals
full outer join carried
    on
        totals.handoff = carried.handoff
        and totals.entity_id = carried.entity_id
        and totals.currency = carried.currency
