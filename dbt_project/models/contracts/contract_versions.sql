-- Each activated order is a version of its contract. How a modification is accounted for, and why, are columns: the
-- order says, or the rule decides. `price_group_id` is the order whose price the obligations of this order share.
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
),

decided as (
    select
        orders.*,
        holds.hold_reason,
        case
            when orders.modification_method is not null then orders.modification_method
            when orders.order_type = 'Termination' then 'termination'
            when orders.order_type = 'Renewal' then 'separate'
            when orders.order_type <> 'Amendment' then 'none'
            when tests.is_at_selling_price and not tests.changes_earlier_items then 'separate'
            when tests.remaining_is_distinct then 'prospective'
            else 'catch_up'
        end as method,
        case
            when orders.modification_method is not null then 'stated on the order'
            when orders.order_type = 'Termination' then 'termination order'
            when orders.order_type = 'Renewal' then 'rule: a new term at its own price'
            when orders.order_type <> 'Amendment' then 'first order'
            when tests.is_at_selling_price and not tests.changes_earlier_items
                then 'rule: adds distinct goods at their standalone selling price (606-10-25-12)'
            when tests.remaining_is_distinct then 'rule: what remains is distinct from what was delivered (606-10-25-13(a))'
            else 'rule: what remains is part of one obligation (606-10-25-13(b))'
        end as reason,
        combinations.combined_id
    from orders
    left join holds using (order_id)
    left join {{ ref('modification_tests') }} as tests using (order_id)
    left join {{ ref('contract_combinations') }} as combinations using (contract_id)
),

rooted_0 as (
    select
        *,
        case
            when method in ('prospective', 'catch_up') and original_order_id is not null then original_order_id
            when combined_id is not null and order_type = 'New'
                then min(order_id) over (partition by combined_id, order_type)
            else order_id
        end as root_id
    from decided
),
{# An amendment may amend an amendment: the root is found in a few steps up. -#}
{% for step in [1, 2, 3, 4] %}
rooted_{{ step }} as (
    select
        below.* {{ without_columns(['root_id']) }},
        coalesce(above.root_id, below.root_id) as root_id
    from rooted_{{ step - 1 }} as below
    left join rooted_0 as above
        on below.root_id = above.order_id
){{ ',' if not loop.last }}
{% endfor %}
select
    contract_id,
    row_number() over (
        partition by contract_id
        order by effective_date, activated_at, order_id
    ) as version_no,
    order_id,
    account_id as customer_id,
    entity_id,
    currency,
    order_type,
    effective_date,
    activated_at,
    original_order_id,
    method as modification_method,
    reason as modification_reason,
    root_id as price_group_id,
    hold_reason
from rooted_4
