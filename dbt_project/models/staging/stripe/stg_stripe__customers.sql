with source as (
    {{ newest_versions(
        source('stripe', 'customer'),
        {
            'name': 'text',
            'email': 'text',
            'currency': 'text',
            'created': 'bigint',
            'address': {'country': 'text'},
            'metadata': {'salesforce_account_id': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as stripe_customer_id,
        entity_id,
        record.metadata.salesforce_account_id,
        record.name as customer_name,
        record.email,
        record.address.country,
        upper(record.currency) as currency,
        {{ from_unix('record.created') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
