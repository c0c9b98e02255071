-- The price of an obligation in each price round. A prospective modification closes the round before: its price becomes
-- what it has recognised (`closed_minor`, to date), and what remains of the group, with what is added, is shared again.
with shares as (
    select * from {{ ref('round_shares') }}
),

agreed as (
    select
        allocations.obligation_id,
        obligations.price_group_id,
        cast(0 as bigint) as round_no,
        cast(0 as bigint) as closed_minor,
        allocations.allocated_minor as base_minor
    from {{ ref('price_allocations') }} as allocations
    inner join {{ ref('obligations') }} as obligations
        on allocations.obligation_id = obligations.obligation_id
    where allocations.hold_reason is null
),

-- Added by a prospective modification: its price comes from the round in which it joins.
round_0 as (
    select * from agreed
    where obligation_id not in (select obligation_id from shares where is_added)
)
{% for round in range(1, var('price_rounds') + 1) %}
, remaining_{{ round }} as (
    select
        shares.price_group_id,
        shares.obligation_id,
        shares.added_minor,
        shares.remaining_weight,
        coalesce(before.closed_minor, 0) as closed_before_minor,
        coalesce(before.base_minor + shares.adjusted_minor, 0) as price_minor,
        coalesce(
            {{ mul_div('before.base_minor + shares.adjusted_minor', 'shares.progress_part', 'shares.progress_whole') }}, 0
        ) as recognised_minor
    from shares
    left join round_{{ round - 1 }} as before
        on shares.obligation_id = before.obligation_id
    where shares.round_no = {{ round }}
),

weighed_{{ round }} as (
    select
        *,
        greatest(remaining_weight, 0) as weight,
        sum(price_minor - recognised_minor + added_minor) over (partition by price_group_id) as group_remaining_minor
    from remaining_{{ round }}
),

shared_{{ round }} as (
    {{ largest_remainder('weighed_' ~ round, ['price_group_id'], ['obligation_id'], 'group_remaining_minor', 'weight') }}
),

round_{{ round }} as (
    select
        obligation_id,
        price_group_id,
        cast({{ round }} as bigint) as round_no,
        closed_before_minor + recognised_minor as closed_minor,
        part_minor as base_minor
    from shared_{{ round }}
)
{%- endfor %}
{% for round in range(0, var('price_rounds') + 1) %}
{{ 'union all' if not loop.first }}
select
    obligation_id,
    price_group_id,
    round_no,
    cast(closed_minor as bigint) as closed_minor,
    cast(base_minor as bigint) as base_minor
from round_{{ round }}
{%- endfor %}
