with source as (
    {{ newest_versions(
        source('stripe', 'invoice_item'),
        {
            'customer': 'text',
            'invoice': 'text',
            'amount': 'bigint',
            'currency': 'text',
            'description': 'text',
            'date': 'bigint',
            'period': {'start': 'bigint', 'end': 'bigint'},
            'metadata': {'order_item_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as invoice_item_id,
        record.customer as stripe_customer_id,
        record.invoice as invoice_id,
        record.metadata.order_item_id,
        entity_id,
        upper(record.currency) as currency,
        record.description,
        record.amount as amount_minor,
        {{ from_unix('record.date') }} as created_at,
        {{ from_unix('record.period.start') }} as period_start_at,
        {{ from_unix('record.period.end') }} as period_end_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
