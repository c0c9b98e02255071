-- Without the instant of landing: when a loader happened to run is not evidence, and a rebuild gives the same rows.
with source as (
    select * from {{ source('landing', 'quarantine') }}
    where
        _version_at is null
        or _version_at < {{ as_of() }}
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
        _version_at as version_at,
        {{ date_in('_file') }} as file_date,
        _load_id as load_id
    from source
)

select * from renamed
