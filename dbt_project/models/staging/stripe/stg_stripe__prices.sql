with source as (
    {{ newest_versions(
        source('stripe', 'price'),
        {
            'product': 'text',
            'currency': 'text',
            'active': 'boolean',
            'billing_scheme': 'text',
            'tiers_mode': 'text',
            'unit_amount': 'bigint',
            'unit_amount_decimal': 'text',
            'created': 'bigint',
            'recurring': {'interval': 'text', 'interval_count': 'bigint', 'usage_type': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as price_id,
        record.product as product_id,
        entity_id,
        upper(record.currency) as currency,
        record.billing_scheme,
        record.tiers_mode,
        record.recurring.interval as recurring_interval,
        record.recurring.interval_count as recurring_interval_count,
        record.recurring.usage_type,
        record.unit_amount as unit_amount_minor,
        try_cast(record.unit_amount_decimal as decimal(28, 12)) as unit_amount_decimal_minor,
        record.active as is_active,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
