with source as (
    select * from {{ source('books', 'explanation') }}
),

renamed as (
    select
        explanation_id,
        period,
        line_id,
        sequence_no,
        explanation,
        explained_by,
        row_number() over (
            partition by period, line_id
            order by sequence_no desc, explanation_id desc
        ) = 1 as is_newest
    from source
    where period < {{ as_of_date() }}
)

select * from renamed
