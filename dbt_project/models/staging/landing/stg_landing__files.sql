with source as (
    select * from {{ source('landing', 'file') }}
),

renamed as (
    select
        source as source_name,
        file as file_name,
        sha256,
        size_bytes,
        rows as row_count,
        first_day,
        last_day,
        status,
        reason_code,
        reason,
        try_cast(nullif(regexp_extract(file, '[0-9]{4}-[0-9]{2}-[0-9]{2}', 0), '') as date) as file_date,
        load_id
    from source
)

select * from renamed
