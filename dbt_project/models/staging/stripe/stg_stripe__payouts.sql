with source as (
    {{ newest_versions(
        source('stripe', 'payout'),
        {
            'balance_transaction': 'text',
            'currency': 'text',
            'status': 'text',
            'amount': 'bigint',
            'arrival_date': 'bigint',
            'created': 'bigint',
            'automatic': 'boolean',
            'trace_id': {'value': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as payout_id,
        record.balance_transaction as balance_transaction_id,
        record.trace_id.value as trace_id,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.amount as amount_minor,
        record.automatic as is_automatic,
        cast({{ from_unix('record.arrival_date') }} as date) as arrival_date,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
