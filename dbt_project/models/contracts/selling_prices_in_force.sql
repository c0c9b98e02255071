-- The standalone selling price of each SKU and currency in each entity: of the version in force, or of the base. A nearer version
-- goes before the one it is based on, a row of the entity before one of every entity.
with candidates as (
    select
        prices.entity_id as for_entity_id,
        prices.sku,
        prices.currency,
        prices.effective_from,
        prices.effective_to,
        prices.ssp_basis,
        prices.low_minor,
        prices.ssp_minor,
        prices.high_minor,
        prices.ssp_source,
        in_force.distance * 2 + case when prices.entity_id = '*' then 1 else 0 end as preference
    from {{ ref('selling_price_versions') }} as prices
    inner join {{ ref('policies_in_force') }} as in_force
        on
            prices.policy_id = in_force.policy_id
            and in_force.dimension = 'standalone selling price'
    union all
    select
        '*' as for_entity_id,
        sku,
        currency,
        effective_from,
        effective_to,
        ssp_basis,
        low_minor,
        ssp_minor,
        high_minor,
        ssp_source,
        1000 as preference
    from {{ ref('standalone_selling_prices') }}
),

prices as (
    select
        entities.entity_id,
        candidates.*
    from candidates
    inner join {{ ref('entities') }} as entities
        on candidates.for_entity_id in ('*', entities.entity_id)
),

-- The days on which anything begins or ends cut time in parts; each has the best price that holds on its first day.
days as (
    select entity_id, sku, currency, effective_from as day from prices
    union
    select entity_id, sku, currency, effective_to as day from prices
    where effective_to is not null
),

parts as (
    select
        *,
        lead(day) over (partition by entity_id, sku, currency order by day) as next_day
    from days
),

ranked as (
    select
        prices.*,
        parts.day,
        parts.next_day,
        row_number() over (
            partition by parts.entity_id, parts.sku, parts.currency, parts.day
            order by prices.preference, prices.effective_from desc
        ) as price_rank
    from parts
    inner join prices
        on
            parts.entity_id = prices.entity_id
            and parts.sku = prices.sku
            and parts.currency = prices.currency
            and parts.day >= prices.effective_from
            and (prices.effective_to is null or parts.day < prices.effective_to)
)

select
    entity_id,
    sku,
    currency,
    day as effective_from,
    next_day as effective_to,
    ssp_basis,
    low_minor,
    ssp_minor,
    high_minor,
    ssp_source
from ranked
where price_rank = 1
