with orders as (
    select * from {{ ref('stg_salesforce__orders') }}
    where
        not is_deleted
        and status = 'Activated'
),

holds as (
    select
        order_id,
        min(reason_code) as hold_reason
    from {{ ref('order_holds') }}
    where order_item_id is null
    group by order_id
)

select
    orders.contract_id,
    row_number() over (
        partition by orders.contract_id
        order by orders.effective_date, orders.activated_at, orders.order_id
    ) as version_no,
    orders.order_id,
    orders.account_id as customer_id,
    orders.entity_id,
    orders.currency,
    orders.order_type,
    orders.effective_date,
    orders.activated_at,
    orders.original_order_id,
    coalesce(
        orders.modification_method,
        case orders.order_type
            when 'Termination' then 'termination'
            when 'Amendment' then 'separate'
            when 'Renewal' then 'separate'
            else 'none'
        end
    ) as modification_method,
    case
        when orders.modification_method is not null then 'stated on the order'
        when orders.order_type = 'Termination' then 'termination order'
        when orders.order_type = 'Amendment' then 'rule: adds distinct goods at their own price'
        when orders.order_type = 'Renewal' then 'rule: a new term at its own price'
        else 'first order'
    end as modification_reason,
    holds.hold_reason
from orders
left join holds using (order_id)
