with source as (
    {{ newest_versions(
        source('stripe', 'credit_note'),
        {
            'number': 'text',
            'invoice': 'text',
            'customer': 'text',
            'currency': 'text',
            'status': 'text',
            'type': 'text',
            'reason': 'text',
            'memo': 'text',
            'amount': 'bigint',
            'subtotal': 'bigint',
            'total': 'bigint',
            'created': 'bigint',
            'voided_at': 'bigint',
            'total_taxes': [{'amount': 'bigint', 'tax_behavior': 'text'}]
        }
    ) }}
),

renamed as (
    select
        record_key as credit_note_id,
        record.invoice as invoice_id,
        record.customer as stripe_customer_id,
        record.number as credit_note_number,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.type as credit_note_type,
        record.reason,
        record.memo,
        record.subtotal - {{ inclusive_tax('record.total_taxes') }} as subtotal_minor,
        coalesce(cast({{ list_total('record.total_taxes', 'amount') }} as bigint), 0) as tax_minor,
        record.total as total_minor,
        {{ from_unix('record.created') }} as created_at,
        {{ from_unix('record.voided_at') }} as voided_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
