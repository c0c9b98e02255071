-- Each successful charge with the one invoice it pays, through the payment of its payment intent.
with charges as (
    select * from {{ ref('stg_stripe__charges') }}
    where
        not is_deleted
        and status = 'succeeded'
),

payments as (
    select
        payment_intent_id,
        invoice_id,
        amount_paid_minor
    from {{ ref('stg_stripe__invoice_payments') }}
    where
        not is_deleted
        and status = 'paid'
        and payment_intent_id is not null
)

select
    charges.charge_id,
    charges.entity_id,
    charges.currency,
    charges.stripe_customer_id,
    charges.payment_intent_id,
    payments.invoice_id,
    charges.amount_minor,
    coalesce(payments.amount_paid_minor, 0) as paid_to_invoice_minor,
    cast(charges.created_at as date) as charged_date
from charges
left join payments using (payment_intent_id)
