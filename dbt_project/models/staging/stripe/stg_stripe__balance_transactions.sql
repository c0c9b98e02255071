with source as (
    {{ newest_versions(
        source('stripe', 'balance_transaction'),
        {
            'source': 'text',
            'type': 'text',
            'reporting_category': 'text',
            'currency': 'text',
            'status': 'text',
            'amount': 'bigint',
            'fee': 'bigint',
            'net': 'bigint',
            'created': 'bigint',
            'available_on': 'bigint',
            'description': 'text'
        }
    ) }}
),

renamed as (
    select
        record_key as balance_transaction_id,
        record.source as source_id,
        entity_id,
        upper(record.currency) as currency,
        record.type as transaction_type,
        record.reporting_category,
        record.status,
        record.description,
        record.amount as amount_minor,
        record.fee as fee_minor,
        record.net as net_minor,
        {{ from_unix('record.created') }} as created_at,
        {{ from_unix('record.available_on') }} as available_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
