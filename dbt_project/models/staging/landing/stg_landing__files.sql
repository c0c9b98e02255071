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
        {{ date_in('file') }} as file_date,
        load_id
    from source
)

select * from renamed
