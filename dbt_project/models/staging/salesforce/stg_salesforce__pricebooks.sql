with source as (
    {{ newest_versions(
        source('salesforce', 'pricebook'),
        {
            'Name': 'text',
            'IsStandard': 'boolean',
            'IsActive': 'boolean'
        }
    ) }}
),

renamed as (
    select
        record_key as pricebook_id,
        record.Name as pricebook_name,
        record.IsStandard as is_standard,
        record.IsActive as is_active,
        version_at,
        is_deleted
    from source
)

select * from renamed
