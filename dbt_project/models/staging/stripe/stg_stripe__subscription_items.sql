with source as (
    {{ newest_versions(
        source('stripe', 'subscription_item'),
        {
            'subscription': 'text',
            'quantity': 'bigint',
            'created': 'bigint',
            'price': {'id': 'text', 'product': 'text'},
            'metadata': {'order_item_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as subscription_item_id,
        record.subscription as subscription_id,
        record.price.id as price_id,
        record.metadata.order_item_id,
        entity_id,
        record.quantity,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
