-- What activated orders promise or change, item by item, with the policy of its product. The rest is in order_holds.
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
    where
        not order_items.is_deleted
        and order_items.order_item_id not in (
            select order_item_id from {{ ref('order_holds') }}
            where order_item_id is not null
        )
),

policies as (
    select * from {{ ref('product_policies_in_force') }}
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
    items.order_item_id,
    -- An item may change an earlier one; a change of a change belongs to the item that both go back to.
    coalesce(changed.original_order_item_id, changed.order_item_id) as changed_item_id,
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
    coalesce(policies.is_refundable, false) as is_refundable,
    policies.joins_sku,
    policies.joins_over,
    policies.joins_until,
    cast(orders.activated_at as date) as booked_date,
    -- Where seconds count, service begins when the order was activated, if that is the day it starts.
    case
        when cast(orders.activated_at as date) = items.service_date then orders.activated_at
        else cast(items.service_date as timestamp)
    end as started_at,
    items.billing_frequency,
    items.minimum_minor,
    items.minimum_period,
    items.minimum_anchor
from items
inner join orders using (order_id)
inner join policies
    on
        orders.entity_id = policies.entity_id
        and items.sku = policies.sku
        and items.service_date >= policies.effective_from
        and (policies.effective_to is null or items.service_date < policies.effective_to)
left join terminations using (order_id)
left join items as changed
    on items.original_order_item_id = changed.order_item_id
