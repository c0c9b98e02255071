-- How each SKU is recognised in each entity: the base policy, and column by column what the version in force says instead. A
-- nearer version goes before the one it is based on, a row of the entity before one of every entity.
with versions as (
    select
        versions.*,
        in_force.dimension,
        in_force.distance * 2 + case when versions.entity_id = '*' then 1 else 0 end as preference
    from {{ ref('product_policy_versions') }} as versions
    inner join {{ ref('policies_in_force') }} as in_force
        on
            versions.policy_id = in_force.policy_id
            and in_force.dimension in ('pattern', 'product mapping')
),

bases as (
    select
        entities.entity_id,
        policies.*
    from {{ ref('product_policies') }} as policies
    cross join {{ ref('entities') }} as entities
),

-- The days on which anything changes cut the base's period in parts.
days as (
    select entity_id, sku, effective_from as day from bases
    {%- for day in ['effective_from', 'effective_to'] %}
    union
    select
        bases.entity_id,
        bases.sku,
        versions.{{ day }} as day
    from bases
    inner join versions
        on
            bases.sku = versions.sku
            and versions.entity_id in ('*', bases.entity_id)
    where
        versions.{{ day }} > bases.effective_from
        and (bases.effective_to is null or versions.{{ day }} < bases.effective_to)
    {%- endfor %}
),

parts as (
    select
        bases.*,
        days.day as part_from,
        coalesce(
            lead(days.day) over (partition by bases.entity_id, bases.sku, bases.effective_from order by days.day),
            bases.effective_to
        ) as part_to
    from bases
    inner join days
        on
            bases.entity_id = days.entity_id
            and bases.sku = days.sku
            and bases.effective_from <= days.day
            and (bases.effective_to is null or bases.effective_to > days.day)
),

overrides as (
    select
        parts.entity_id,
        parts.sku,
        parts.part_from,
        min_by(
            versions.pattern,
            case when versions.dimension = 'pattern' and versions.pattern is not null then versions.preference end
        ) as pattern,
        {%- for column in ['stream', 'revenue_account', 'principal_or_agent', 'supplier_share_bps'] %}
        min_by(
            versions.{{ column }},
            case
                when versions.dimension = 'product mapping' and versions.{{ column }} is not null then versions.preference
            end
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    inner join versions
        on
            parts.sku = versions.sku
            and versions.entity_id in ('*', parts.entity_id)
            and parts.part_from >= versions.effective_from
            and (versions.effective_to is null or parts.part_from < versions.effective_to)
    group by parts.entity_id, parts.sku, parts.part_from
)

select
    parts.entity_id,
    parts.sku,
    parts.product_name,
    {%- for column in ['stream', 'pattern', 'revenue_account', 'principal_or_agent', 'supplier_share_bps'] %}
    coalesce(overrides.{{ column }}, parts.{{ column }}) as {{ column }},
    {%- endfor %}
    parts.is_usage,
    parts.unit,
    parts.is_refundable,
    parts.joins_sku,
    parts.joins_over,
    parts.joins_until,
    parts.part_from as effective_from,
    parts.part_to as effective_to
from parts
left join overrides
    on
        parts.entity_id = overrides.entity_id
        and parts.sku = overrides.sku
        and parts.part_from = overrides.part_from
