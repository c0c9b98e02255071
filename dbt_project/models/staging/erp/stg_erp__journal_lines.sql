with source as (
    {{ newest_rows(source('erp', 'journal_line')) }}
),

renamed as (
    select
        journal_id,
        line_no,
        entity_id,
        period,
        account_code,
        currency,
        debit_minor,
        credit_minor,
        source as journal_source,
        reference,
        memo,
        posted_on,
        _file as file_name
    from source
    where period < {{ as_of_date() }}
)

select * from renamed
