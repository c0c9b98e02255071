with source as (
    {{ newest_versions(
        source('salesforce', 'product'),
        {
            'ProductCode': 'text',
            'Name': 'text',
            'Family': 'text',
            'IsActive': 'boolean'
        }
    ) }}
),

renamed as (
    select
        record_key as product_id,
        record.ProductCode as sku,
        record.Name as product_name,
        record.Family as family,
        record.IsActive as is_active,
        version_at,
        is_deleted
    from source
)

select * from renamed
