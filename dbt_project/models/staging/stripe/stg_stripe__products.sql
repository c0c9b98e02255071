with source as (
    {{ newest_versions(
        source('stripe', 'product'),
        {
            'name': 'text',
            'active': 'boolean',
            'created': 'bigint',
            'metadata': {'sku': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as product_id,
        entity_id,
        record.metadata.sku,
        record.name as product_name,
        record.active as is_active,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
