with source as (
    select * from {{ source('landing', 'load') }}
),

renamed as (
    select
        load_id,
        source as source_name,
        object as object_name,
        entity as entity_id,
        via,
        status,
        window_from,
        window_to,
        received as received_count,
        rows as row_count,
        quarantined as quarantined_count,
        drift
    from source
)

select * from renamed
