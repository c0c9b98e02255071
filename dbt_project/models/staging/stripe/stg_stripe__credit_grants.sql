with source as (
    {{ newest_versions(
        source('stripe', 'credit_grant'),
        {
            'customer': 'text',
            'category': 'text',
            'name': 'text',
            'priority': 'bigint',
            'effective_at': 'bigint',
            'expires_at': 'bigint',
            'created': 'bigint',
            'voided_at': 'bigint',
            'amount': {'monetary': {'currency': 'text', 'value': 'bigint'}},
            'applicability_config': {'scope': {'prices': [{'id': 'text'}]}},
            'metadata': {'order_item_id': 'text', 'contract_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as credit_grant_id,
        record.customer as stripe_customer_id,
        record.metadata.order_item_id,
        entity_id,
        upper(record.amount.monetary.currency) as currency,
        record.category,
        record.applicability_config.scope.prices as scope_prices,
        record.name as grant_name,
        record.priority,
        record.amount.monetary.value as amount_minor,
        {{ from_unix('record.effective_at') }} as effective_at,
        {{ from_unix('record.expires_at') }} as expires_at,
        {{ from_unix('record.voided_at') }} as voided_at,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
