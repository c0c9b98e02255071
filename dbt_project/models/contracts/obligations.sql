-- Steps 1 and 2: each item of an activated order that can enter is a promise. The rest is in order_holds.
with orders as (
    select * from {{ ref('stg_salesforce__orders') }}
    where
        not is_deleted
        and status = 'Activated'
        and order_id not in (
            select order_id from {{ ref('order_holds') }}
            where order_item_id is null
        )
),

items as (
    select
        order_items.*,
        products.sku
    from {{ ref('stg_salesforce__order_items') }} as order_items
    left join {{ ref('stg_salesforce__products') }} as products using (product_id)
    where not order_items.is_deleted
),

policies as (
    select * from {{ ref('product_policies') }}
),

terminations as (
    select
        original_order_id as order_id,
        min(effective_date) as terminated_date
    from orders
    where order_type = 'Termination'
    group by original_order_id
)

select
    items.order_item_id as obligation_id,
    orders.contract_id,
    orders.order_id,
    orders.account_id as customer_id,
    orders.entity_id,
    orders.currency,
    items.product_id,
    items.sku,
    policies.stream,
    orders.contract_kind,
    policies.pattern,
    items.quantity,
    items.unit_price,
    coalesce(items.total_price_minor, 0) as stated_price_minor,
    items.service_date as service_start_date,
    {{ add_days('items.last_date', 1) }} as service_end_date,
    least(items.service_date, coalesce(items.capacity_available_date, items.service_date)) as available_date,
    case
        when terminations.terminated_date <= items.last_date
            then greatest(terminations.terminated_date, items.service_date)
    end as terminated_date,
    policies.is_usage,
    policies.principal_or_agent,
    policies.supplier_share_bps,
    policies.revenue_account,
    cast(orders.activated_at as date) as booked_date,
    items.billing_frequency,
    cast(null as varchar) as hold_reason
from items
inner join orders using (order_id)
inner join policies
    on
        items.sku = policies.sku
        and items.service_date >= policies.effective_from
        and (policies.effective_to is null or items.service_date < policies.effective_to)
left join terminations using (order_id)
