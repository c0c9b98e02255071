with source as (
    {{ newest_versions(
        source('stripe', 'meter'),
        {
            'display_name': 'text',
            'event_name': 'text',
            'status': 'text',
            'created': 'bigint'
        }
    ) }}
),

renamed as (
    select
        record_key as meter_id,
        entity_id,
        record.display_name,
        record.event_name,
        record.status,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
