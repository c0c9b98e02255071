with source as (
    {{ newest_rows(source('erp', 'trial_balance')) }}
),

renamed as (
    select
        entity_id,
        period,
        account_code,
        account_name,
        currency,
        opening_minor,
        debit_minor,
        credit_minor,
        closing_minor,
        _file as file_name
    from source
    where period < {{ as_of_date() }}
)

select * from renamed
