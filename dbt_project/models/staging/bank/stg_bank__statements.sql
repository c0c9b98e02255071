with source as (
    {{ newest_rows(source('bank', 'statement')) }}
),

renamed as (
    select
        _id as statement_id,
        bank_account_id,
        currency,
        statement_date,
        opening_minor,
        closing_minor,
        credits_minor,
        debits_minor,
        transaction_count,
        _file as file_name
    from source
)

select * from renamed
