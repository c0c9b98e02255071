with source as (
    {{ newest_versions(
        source('salesforce', 'pricebook_entry'),
        {
            'Pricebook2Id': 'text',
            'Product2Id': 'text',
            'CurrencyIsoCode': 'text',
            'IsActive': 'boolean'
        },
        extra={
            'unit_price': json_number_text('payload', 'UnitPrice')
        }
    ) }}
),

renamed as (
    select
        record_key as pricebook_entry_id,
        record.Pricebook2Id as pricebook_id,
        record.Product2Id as product_id,
        record.CurrencyIsoCode as currency,
        try_cast(unit_price as decimal(28, 10)) as unit_price,
        record.IsActive as is_active,
        version_at,
        is_deleted
    from source
)

select * from renamed
