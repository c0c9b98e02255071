with source as (
    {{ newest_versions(
        source('salesforce', 'user'),
        {
            'Name': 'text',
            'Email': 'text',
            'IsActive': 'boolean'
        }
    ) }}
),

renamed as (
    select
        record_key as user_id,
        record.Name as user_name,
        record.Email as email,
        record.IsActive as is_active,
        version_at,
        is_deleted
    from source
)

select * from renamed
