with source as (
    {{ newest_versions(
        source('stripe', 'refund'),
        {
            'charge': 'text',
            'payment_intent': 'text',
            'balance_transaction': 'text',
            'currency': 'text',
            'status': 'text',
            'reason': 'text',
            'amount': 'bigint',
            'created': 'bigint'
        }
    ) }}
),

renamed as (
    select
        record_key as refund_id,
        record.charge as charge_id,
        record.payment_intent as payment_intent_id,
        record.balance_transaction as balance_transaction_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.reason,
        record.amount as amount_minor,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
