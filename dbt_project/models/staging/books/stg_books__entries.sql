with source as (
    select * from {{ source('books', 'entry') }}
),

renamed as (
    select
        -- ids
        batch_id,
        entry_key,
        row_number() over (
            partition by batch_id, entry_key
            order by
                period,
                entity_id,
                currency,
                account_code,
                cause,
                coalesce(stream, ''),
                coalesce(contract_id, ''),
                coalesce(obligation_id, ''),
                coalesce(customer_id, ''),
                coalesce(invoice_id, ''),
                coalesce(evidence_ref, ''),
                amount_minor,
                functional_minor
        ) as line_no,
        entity_id,
        account_code,
        contract_id,
        obligation_id,
        customer_id,
        invoice_id,
        posting_key,

        -- what it is
        entry_type,
        rule,
        cause,
        stream,
        evidence_ref,

        -- amounts
        currency,
        debit_minor,
        credit_minor,
        amount_minor,
        functional_currency,
        functional_minor,

        -- time
        period,
        posting_period,
        entry_date
    from source
    where posting_period < {{ as_of_date() }}
)

select * from renamed
