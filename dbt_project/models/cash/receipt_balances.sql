with applied as (
    select
        receipt_id,
        sum(applied_minor) as applied_minor
    from {{ ref('cash_applications') }}
    group by receipt_id
),

named as (
    select distinct receipt_id
    from {{ ref('named_invoices') }}
)

select
    receipts.receipt_id,
    receipts.amount_minor,
    cast(coalesce(applied.applied_minor, 0) as bigint) as applied_minor,
    cast(receipts.amount_minor - coalesce(applied.applied_minor, 0) as bigint) as unapplied_minor,
    case
        when receipts.amount_minor = coalesce(applied.applied_minor, 0) then null
        when applied.applied_minor > 0 then 'overpayment'
        when named.receipt_id is not null then 'duplicate'
        else 'no_reference'
    end as unapplied_reason
from {{ ref('receipts') }} as receipts
left join applied using (receipt_id)
left join named using (receipt_id)
