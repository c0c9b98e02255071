with source as (
    {{ newest_rows(source('fx', 'rate')) }}
),

renamed as (
    select
        base_currency,
        quote_currency,
        rate,
        rate_date
    from source
    where rate_date < {{ as_of_date() }}
)

select * from renamed
