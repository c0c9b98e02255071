-- Which order item each invoice line bills. The line says so itself, or its subscription item does; anything else
-- would be a guess, and stays unmatched.
with lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
    where not is_deleted
),

subscription_items as (
    select * from {{ ref('stg_stripe__subscription_items') }}
    where order_item_id is not null
),

claims as (
    select
        lines.invoice_line_id,
        lines.metadata_order_item_id as order_item_id,
        'metadata' as match_method,
        cast(1 as decimal(3, 2)) as match_confidence
    from lines
    where lines.metadata_order_item_id is not null

    union all

    select
        lines.invoice_line_id,
        subscription_items.order_item_id,
        'subscription_item' as match_method,
        cast(0.95 as decimal(3, 2)) as match_confidence
    from lines
    inner join subscription_items using (subscription_item_id)
    where lines.metadata_order_item_id is null
)

-- An item that changes an earlier one is billed for it.
select
    lines.invoice_line_id,
    obligations.obligation_id,
    coalesce(claims.match_method, 'none') as match_method,
    case when obligations.obligation_id is null then cast(0 as decimal(3, 2)) else claims.match_confidence end
        as match_confidence,
    claims.order_item_id as claimed_order_item_id
from lines
left join claims using (invoice_line_id)
left join {{ ref('promised_items') }} as items on claims.order_item_id = items.order_item_id
left join {{ ref('obligations') }} as obligations
    on coalesce(items.changed_item_id, items.order_item_id) = obligations.obligation_id
