with source as (
    {{ newest_versions(
        source('stripe', 'payout_transaction'),
        {
            'id': 'text',
            'payout': 'text',
            'source': 'text',
            'type': 'text',
            'currency': 'text',
            'amount': 'bigint',
            'fee': 'bigint',
            'net': 'bigint',
            'created': 'bigint'
        }
    ) }}
),

renamed as (
    select
        record.payout as payout_id,
        coalesce(record.id, record_key) as balance_transaction_id,
        record.source as source_id,
        entity_id,
        upper(record.currency) as currency,
        record.type as transaction_type,
        record.amount as amount_minor,
        record.fee as fee_minor,
        record.net as net_minor,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
