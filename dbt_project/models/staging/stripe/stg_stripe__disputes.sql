with source as (
    {{ newest_versions(
        source('stripe', 'dispute'),
        {
            'charge': 'text',
            'payment_intent': 'text',
            'currency': 'text',
            'status': 'text',
            'reason': 'text',
            'amount': 'bigint',
            'created': 'bigint',
            'balance_transactions': [{'id': 'text', 'amount': 'bigint', 'fee': 'bigint', 'reporting_category': 'text', 'created': 'bigint'}]
        }
    ) }}
),

renamed as (
    select
        record_key as dispute_id,
        record.charge as charge_id,
        record.payment_intent as payment_intent_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.reason,
        record.amount as amount_minor,
        {{ from_unix('record.created') }} as created_at,
        version_at as status_known_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
