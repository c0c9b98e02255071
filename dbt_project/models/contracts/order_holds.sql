-- Why an order, or one item of it, cannot enter the books. Only activated orders promise anything.
with orders as (
    select * from {{ ref('stg_salesforce__orders') }}
    where
        not is_deleted
        and status = 'Activated'
),

accounts as (
    select account_id from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

held_orders as (
    select
        orders.order_id,
        case
            when accounts.account_id is null then 'ORDER_WITHOUT_ACCOUNT'
            when orders.contract_id is null then 'ORDER_WITHOUT_CONTRACT'
            when orders.currency_exponent is null then 'ORDER_UNKNOWN_CURRENCY'
        end as reason_code
    from orders
    left join accounts using (account_id)
),

items as (
    select
        order_items.order_item_id,
        order_items.order_id,
        orders.entity_id,
        products.sku,
        order_items.service_date,
        order_items.billing_frequency
    from {{ ref('stg_salesforce__order_items') }} as order_items
    inner join orders using (order_id)
    left join {{ ref('stg_salesforce__products') }} as products using (product_id)
    where not order_items.is_deleted
),

policies as (
    select * from {{ ref('product_policies_in_force') }}
),

held_items as (
    select
        items.order_item_id,
        items.order_id,
        items.sku,
        case
            when policies.sku is null then 'ORDER_UNKNOWN_PRODUCT'
            else 'ORDER_UNKNOWN_BILLING'
        end as reason_code
    from items
    left join policies
        on
            items.entity_id = policies.entity_id
            and items.sku = policies.sku
            and items.service_date >= policies.effective_from
            and (policies.effective_to is null or items.service_date < policies.effective_to)
    where
        policies.sku is null
        -- Usage is billed in arrears, whatever its item says.
        or (
            not policies.is_usage
            and coalesce(items.billing_frequency, 'none') not in ('monthly', 'quarterly', 'annual', 'upfront', 'milestone')
        )
)

select
    order_id,
    cast(null as varchar) as order_item_id,
    reason_code,
    cast(null as varchar) as sku
from held_orders
where reason_code is not null

union all

select
    held_items.order_id,
    held_items.order_item_id,
    held_items.reason_code,
    held_items.sku
from held_items
