with source as (
    {{ newest_versions(
        source('stripe', 'credit_balance_transaction'),
        {
            'credit_grant': 'text',
            'type': 'text',
            'effective_at': 'bigint',
            'created': 'bigint',
            'debit': {'type': 'text', 'amount': {'monetary': {'currency': 'text', 'value': 'bigint'}}, 'credits_applied': {'invoice': 'text', 'invoice_line_item': 'text'}},
            'credit': {'type': 'text', 'amount': {'monetary': {'currency': 'text', 'value': 'bigint'}}}
        }
    ) }}
),

renamed as (
    select
        record_key as credit_balance_transaction_id,
        record.credit_grant as credit_grant_id,
        record.debit.credits_applied.invoice as invoice_id,
        record.debit.credits_applied.invoice_line_item as invoice_line_id,
        entity_id,
        upper(coalesce(record.debit.amount.monetary.currency, record.credit.amount.monetary.currency)) as currency,
        record.type as movement,
        coalesce(record.debit.type, record.credit.type) as movement_reason,
        case record.type when 'debit' then -record.debit.amount.monetary.value else record.credit.amount.monetary.value end as amount_minor,
        {{ from_unix('record.effective_at') }} as effective_at,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
