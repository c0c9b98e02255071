-- The fixed price of a group, shared over its obligations by relative standalone selling price; a discount that belongs to
-- some of them is taken off those. What has no weight is held: it gets no price, and the others share their own total.
with weights as (
    select * from {{ ref('selling_price_weights') }}
),

shared as (
    select
        *,
        sum(stated_price_minor) over (partition by allocation_group) as group_price_minor
    from weights
    where hold_reason is null and price_share <> 'stated'
),

allocated as (
    {{ largest_remainder('shared', ['allocation_group'], ['obligation_id'], 'group_price_minor', 'ssp_weight') }}
),

discounts as (
    select
        estimates.estimate_id,
        estimates.amount_minor,
        allocated.obligation_id,
        greatest(allocated.part_minor, 0) as price_weight
    from {{ ref('price_estimates') }} as estimates
    inner join allocated
        on
            estimates.contract_id = allocated.contract_id
            and '|' || estimates.obligation_ids || '|' like '%|' || allocated.obligation_id || '|%'
    where estimates.kind = 'discount'
),

discount_parts as (
    {{ largest_remainder('discounts', ['estimate_id'], ['obligation_id'], 'amount_minor', 'price_weight') }}
),

discounted as (
    select
        obligation_id,
        sum(part_minor) as discount_minor
    from discount_parts
    group by obligation_id
),

prices as (
    select
        weights.*,
        cast(
            case when weights.price_share = 'stated' then weights.stated_price_minor else allocated.part_minor end
            + coalesce(discounted.discount_minor, 0) as bigint
        ) as allocated_minor,
        coalesce(discounted.discount_minor, 0) as discount_minor
    from weights
    left join allocated
        on weights.obligation_id = allocated.obligation_id
    left join discounted
        on weights.obligation_id = discounted.obligation_id
)

select
    obligation_id,
    contract_id,
    order_id,
    allocation_group,
    entity_id,
    currency,
    price_share,
    ssp_basis,
    ssp_weight,
    stated_price_minor,
    allocated_minor,
    cast(discount_minor as bigint) as discount_minor,
    -- A termination leaves the part of the price that was due before it, at the allocated rate.
    case
        when stated_until_termination_minor is not null and allocated_minor is not null
            then coalesce({{ mul_div('stated_until_termination_minor', 'allocated_minor', 'stated_price_minor') }}, 0)
    end as allocated_until_termination_minor,
    hold_reason
from prices
