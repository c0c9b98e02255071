with source as (
    {{ newest_versions(
        source('stripe', 'payment_intent'),
        {
            'customer': 'text',
            'currency': 'text',
            'status': 'text',
            'amount': 'bigint',
            'amount_received': 'bigint',
            'latest_charge': 'text',
            'created': 'bigint'
        }
    ) }}
),

renamed as (
    select
        record_key as payment_intent_id,
        record.customer as stripe_customer_id,
        record.latest_charge as latest_charge_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.amount as amount_minor,
        record.amount_received as amount_received_minor,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
