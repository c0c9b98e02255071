with source as (
    {{ newest_versions(
        source('stripe', 'credit_note'),
        {
            'invoice': 'text',
            'currency': 'text',
            'lines': {'data': [{
                'id': 'text',
                'type': 'text',
                'invoice_line_item': 'text',
                'description': 'text',
                'amount': 'bigint',
                'taxes': [{'amount': 'bigint', 'tax_behavior': 'text'}]
            }]}
        }
    ) }}
),

exploded as (
    select
        record_key as credit_note_id,
        record.invoice as invoice_id,
        entity_id,
        upper(record.currency) as currency,
        version_at,
        is_deleted,
        {{ each_element('record.lines.data') }} as line
    from source
),

renamed as (
    select
        line.id as credit_note_line_id,
        credit_note_id,
        invoice_id,
        line.invoice_line_item as invoice_line_id,
        entity_id,
        currency,
        line.type as line_type,
        line.description as description,
        line.amount - {{ inclusive_tax('line.taxes') }} as amount_minor,
        coalesce(cast({{ list_total('line.taxes', 'amount') }} as bigint), 0) as tax_minor,
        version_at,
        is_deleted
    from exploded
)

select * from renamed
