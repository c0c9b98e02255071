with source as (
    select * from {{ source('landing', 'quarantine') }}
),

renamed as (
    select
        _source as source_name,
        _object as object_name,
        _entity as entity_id,
        _id as record_key,
        _file as file_name,
        reason_code,
        reason,
        payload,
        _landed_at as landed_at
    from source
)

select * from renamed
