with source as (
    select * from {{ source('landing', 'pull_failure') }}
),

renamed as (
    select
        source as source_name,
        object as object_name,
        entity as entity_id,
        record,
        error,
        action
    from source
)

select * from renamed
