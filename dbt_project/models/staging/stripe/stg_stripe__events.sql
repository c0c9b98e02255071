with source as (
    {{ newest_versions(
        source('stripe', 'event'),
        {
            'type': 'text',
            'created': 'bigint',
            'data': {'object': {'id': 'text', 'object': 'text'}}
        }
    ) }}
),

renamed as (
    select
        record_key as event_id,
        record.data.object.id as object_id,
        record.data.object.object as object_type,
        entity_id,
        record.type as event_type,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
