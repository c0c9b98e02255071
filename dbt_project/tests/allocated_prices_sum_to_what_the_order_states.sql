{{ config(meta={'dagster': {'ref': {'name': 'price_allocations'}}}) }}
select order_id, sum(allocated_minor) as allocated_minor, sum(stated_price_minor) as stated_minor
from {{ ref('price_allocations') }}
where hold_reason is null
group by order_id
having sum(allocated_minor) <> sum(stated_price_minor)
