with issued as (
    select * from {{ ref('stg_stripe__invoices') }}
    where
        not is_deleted
        and status <> 'draft'
        and finalized_at is not null
),

paid_through_processor as (
    select
        invoice_id,
        sum(amount_paid_minor) as amount_paid_minor
    from {{ ref('stg_stripe__invoice_payments') }}
    where
        not is_deleted
        and status = 'paid'
        and payment_intent_id is not null
    group by invoice_id
),

customers as (
    select
        external_id as stripe_customer_id,
        customer_id
    from {{ ref('customer_crosswalk') }}
    where system = 'stripe'
)

select
    issued.invoice_id,
    issued.invoice_number as number,
    issued.entity_id,
    customers.customer_id,
    issued.stripe_customer_id,
    issued.currency,
    issued.status,
    issued.collection_method,
    cast(issued.finalized_at as date) as finalized_date,
    coalesce(cast(issued.due_at as date), cast(issued.finalized_at as date)) as due_date,
    cast(issued.paid_at as date) as paid_date,
    cast(issued.voided_at as date) as voided_date,
    cast(issued.marked_uncollectible_at as date) as written_off_date,
    issued.status = 'paid'
    and issued.amount_paid_minor > 0
    and coalesce(paid_through_processor.amount_paid_minor, 0) = 0 as is_paid_out_of_band,
    issued.subtotal_minor,
    issued.credits_applied_minor,
    issued.tax_minor,
    issued.balance_applied_minor,
    issued.total_minor,
    {{ month_start('issued.finalized_at') }} as period
from issued
left join customers using (stripe_customer_id)
left join paid_through_processor using (invoice_id)
