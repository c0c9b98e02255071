with source as (
    {{ newest_versions(
        source('stripe', 'subscription'),
        {
            'customer': 'text',
            'currency': 'text',
            'status': 'text',
            'collection_method': 'text',
            'created': 'bigint',
            'canceled_at': 'bigint',
            'ended_at': 'bigint',
            'start_date': 'bigint',
            'metadata': {'salesforce_order_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as subscription_id,
        record.customer as stripe_customer_id,
        entity_id,
        record.metadata.salesforce_order_id,
        upper(record.currency) as currency,
        record.status,
        record.collection_method,
        {{ from_unix('record.start_date') }} as started_at,
        {{ from_unix('record.canceled_at') }} as canceled_at,
        {{ from_unix('record.ended_at') }} as ended_at,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
