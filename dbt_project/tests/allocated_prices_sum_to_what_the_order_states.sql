{{ config(meta={'dagster': {'ref': {'name': 'price_allocations'}}}) }}
-- The price of a group is shared whole, less the discounts that belong to some of it.
select allocation_group, sum(allocated_minor - discount_minor) as allocated_minor, sum(stated_price_minor) as stated_minor
from {{ ref('price_allocations') }}
where hold_reason is null
group by allocation_group
having sum(allocated_minor - discount_minor) <> sum(stated_price_minor)
