with source as (
    {{ newest_versions(
        source('stripe', 'invoice_payment'),
        {
            'invoice': 'text',
            'amount_paid': 'bigint',
            'amount_requested': 'bigint',
            'currency': 'text',
            'status': 'text',
            'created': 'bigint',
            'payment': {'type': 'text', 'payment_intent': 'text', 'charge': 'text'},
            'status_transitions': {'paid_at': 'bigint', 'canceled_at': 'bigint'}
        }
    ) }}
),

renamed as (
    select
        record_key as invoice_payment_id,
        record.invoice as invoice_id,
        record.payment.payment_intent as payment_intent_id,
        record.payment.charge as charge_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.payment.type as payment_type,
        coalesce(record.amount_paid, 0) as amount_paid_minor,
        record.amount_requested as amount_requested_minor,
        {{ from_unix('record.status_transitions.paid_at') }} as paid_at,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
