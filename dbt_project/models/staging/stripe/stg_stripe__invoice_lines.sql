with source as (
    {{ newest_versions(
        source('stripe', 'invoice_line'),
        {
            'invoice': 'text',
            'amount': 'bigint',
            'currency': 'text',
            'description': 'text',
            'quantity': 'bigint',
            'quantity_decimal': 'text',
            'period': {'start': 'bigint', 'end': 'bigint'},
            'parent': {'type': 'text', 'subscription_item_details': {'subscription': 'text', 'subscription_item': 'text'}, 'invoice_item_details': {'invoice_item': 'text'}},
            'pretax_credit_amounts': [{'amount': 'bigint'}],
            'taxes': [{'amount': 'bigint', 'tax_behavior': 'text'}],
            'metadata': {'order_item_id': 'text', 'billing_period': 'text', 'usage_month': 'text', 'quantity': 'text', 'milestone_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as invoice_line_id,
        record.invoice as invoice_id,
        record.parent.subscription_item_details.subscription_item as subscription_item_id,
        record.parent.invoice_item_details.invoice_item as invoice_item_id,
        entity_id,
        upper(record.currency) as currency,
        record.description,
        record.metadata.order_item_id as metadata_order_item_id,
        record.metadata.milestone_id as metadata_milestone_id,
        try_cast(record.metadata.billing_period as date) as metadata_billing_period,
        try_cast(record.metadata.usage_month as date) as metadata_usage_month,
        try_cast(record.metadata.quantity as decimal(18, 6)) as metadata_quantity,
        record.quantity,
        record.amount - {{ inclusive_tax('record.taxes') }} as amount_minor,
        coalesce(cast({{ list_total('record.pretax_credit_amounts', 'amount') }} as bigint), 0) as credits_applied_minor,
        coalesce(cast({{ list_total('record.taxes', 'amount') }} as bigint), 0) as tax_minor,
        {{ from_unix('record.period.start') }} as period_start_at,
        {{ from_unix('record.period.end') }} as period_end_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
