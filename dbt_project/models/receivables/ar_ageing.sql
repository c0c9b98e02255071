-- Open receivables of a customer at the cut-off by how long they are past due.
with aged as (
    select
        entity_id,
        customer_id,
        currency,
        case
            when days_overdue <= 0 then 'not_due'
            when days_overdue <= 30 then 'days_1_30'
            when days_overdue <= 60 then 'days_31_60'
            when days_overdue <= 90 then 'days_61_90'
            when days_overdue <= 120 then 'days_91_120'
            else 'over_120'
        end as bucket,
        open_minor
    from {{ ref('ar_open_items') }}
    where open_minor <> 0
)

select
    entity_id,
    coalesce(customer_id, 'unknown') as customer_id,
    currency,
    bucket,
    case bucket
        when 'not_due' then 1 when 'days_1_30' then 2 when 'days_31_60' then 3
        when 'days_61_90' then 4 when 'days_91_120' then 5 else 6
    end as bucket_order,
    cast(sum(open_minor) as bigint) as open_minor,
    cast(count(*) as bigint) as invoice_count
from aged
group by entity_id, coalesce(customer_id, 'unknown'), currency, bucket
