with source as (
    {{ newest_rows(source('bank', 'transaction')) }}
),

renamed as (
    select
        'bank:transaction:' || _id as bank_transaction_ref,
        statement_id,
        bank_account_id,
        bank_reference,
        customer_reference,
        type_code,
        currency,
        amount_minor,
        payer_name,
        remittance_text,
        booked_date,
        value_date,
        _file as file_name
    from source
    where booked_date < {{ as_of_date() }}
)

select * from renamed
