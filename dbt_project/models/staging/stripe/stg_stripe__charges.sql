with source as (
    {{ newest_versions(
        source('stripe', 'charge'),
        {
            'customer': 'text',
            'payment_intent': 'text',
            'balance_transaction': 'text',
            'currency': 'text',
            'status': 'text',
            'amount': 'bigint',
            'amount_captured': 'bigint',
            'amount_refunded': 'bigint',
            'paid': 'boolean',
            'disputed': 'boolean',
            'failure_code': 'text',
            'description': 'text',
            'created': 'bigint'
        }
    ) }}
),

renamed as (
    select
        record_key as charge_id,
        record.customer as stripe_customer_id,
        record.payment_intent as payment_intent_id,
        record.balance_transaction as balance_transaction_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.failure_code,
        record.description,
        record.amount as amount_minor,
        coalesce(record.amount_refunded, 0) as amount_refunded_minor,
        record.paid as is_paid,
        record.disputed as is_disputed,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
