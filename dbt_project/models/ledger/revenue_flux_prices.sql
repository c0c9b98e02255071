-- Volume, mix and price of what continuing customers bought, an SKU in its stream and unit, at the rates of the month before.
-- volume = change of all quantities of the unit at the average price of the month before; mix = the month's quantities at
-- their own prices of the month before, less that; price = the rest. An SKU without a price in the month before is mix.
with lines as (
    select
        lines.entity_id,
        lines.stream,
        lines.period,
        lines.sku,
        products.unit,
        sum(lines.base_minor) as base_minor,
        sum(lines.base_minor + lines.constant_minor) as current_minor,
        sum(lines.base_quantity_millionths) as base_quantity,
        sum(lines.quantity_millionths) as quantity
    from {{ ref('revenue_flux_lines') }} as lines
    left join (select sku, min(unit) as unit from {{ ref('product_policies') }} group by sku) as products
        on lines.sku = products.sku
    where lines.driver = 'continuing'
    group by lines.entity_id, lines.stream, lines.period, lines.sku, products.unit
),

groups as (
    select
        entity_id,
        stream,
        period,
        unit,
        sum(base_minor) as base_minor,
        sum(current_minor) as current_minor,
        sum(coalesce(base_quantity, 0)) as base_quantity,
        sum(coalesce(quantity, 0)) as quantity
    from lines
    group by entity_id, stream, period, unit
),

at_base_prices as (
    select
        *,
        case
            when coalesce(base_quantity, 0) > 0
                then {{ mul_div('base_minor', 'coalesce(quantity, 0)', 'base_quantity') }}
            else current_minor
        end as at_base_price_minor
    from lines
),

skus as (
    select
        entity_id,
        stream,
        period,
        unit,
        sum(at_base_price_minor) as at_base_prices_minor
    from at_base_prices
    group by entity_id, stream, period, unit
),

volumes as (
    select
        groups.*,
        skus.at_base_prices_minor,
        -- What has no quantity in both months (drawdowns, milestones) has no price: its change is how much was delivered.
        case
            when groups.base_quantity > 0 and groups.quantity > 0
                then {{ mul_div('groups.base_minor', '(groups.quantity - groups.base_quantity)', 'groups.base_quantity') }}
            else groups.current_minor - groups.base_minor
        end as volume_minor,
        groups.base_quantity > 0 and groups.quantity > 0 as is_priced
    from groups
    inner join skus
        on
            groups.entity_id = skus.entity_id
            and groups.stream = skus.stream
            and groups.period = skus.period
            and coalesce(groups.unit, '') = coalesce(skus.unit, '')
)

select
    entity_id,
    stream,
    period,
    coalesce(unit, 'none') as unit,
    cast(base_quantity as bigint) as base_quantity_millionths,
    cast(quantity as bigint) as quantity_millionths,
    cast(base_minor as bigint) as base_minor,
    cast(current_minor as bigint) as current_minor,
    cast(volume_minor as bigint) as volume_minor,
    cast(case when is_priced then at_base_prices_minor - base_minor - volume_minor else 0 end as bigint) as mix_minor,
    cast(case when is_priced then current_minor - at_base_prices_minor else 0 end as bigint) as price_minor
from volumes
