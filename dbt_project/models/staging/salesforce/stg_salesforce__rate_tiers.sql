with source as (
    {{ newest_versions(
        source('salesforce', 'rate_tier'),
        {
            'OrderItemId__c': 'text',
            'Tier_Model__c': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'from_quantity': json_number_text('payload', 'From_Quantity__c'),
            'to_quantity': json_number_text('payload', 'To_Quantity__c'),
            'unit_price': json_number_text('payload', 'Unit_Price__c'),
            'package_size': json_number_text('payload', 'Package_Size__c'),
            'flat_price': json_number_text('payload', 'Flat_Price__c')
        }
    ) }}
),

renamed as (
    select
        record_key as rate_tier_id,
        record.OrderItemId__c as order_item_id,
        record.Tier_Model__c as tier_model,
        try_cast(from_quantity as decimal(18, 6)) as from_quantity,
        try_cast(to_quantity as decimal(18, 6)) as to_quantity,
        try_cast(unit_price as decimal(18, 10)) as unit_price,
        try_cast(package_size as decimal(18, 6)) as package_size,
        coalesce(try_cast(flat_price as decimal(18, 10)), 0) as flat_price,
        {{ from_salesforce_instant('record.CreatedDate') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
