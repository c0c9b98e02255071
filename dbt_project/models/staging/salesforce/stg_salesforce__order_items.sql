with source as (
    {{ newest_versions(
        source('salesforce', 'order_item'),
        {
            'OrderId': 'text',
            'OrderItemNumber': 'text',
            'Product2Id': 'text',
            'PricebookEntryId': 'text',
            'OriginalOrderItemId': 'text',
            'Minimum_Period__c': 'text',
            'Minimum_Anchor__c': 'text',
            'ServiceDate': 'text',
            'EndDate': 'text',
            'Capacity_Available_Date__c': 'text',
            'Billing_Frequency__c': 'text',
            'Description': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'quantity': json_number_text('payload', 'Quantity'),
            'unit_price': json_number_text('payload', 'UnitPrice'),
            'list_price': json_number_text('payload', 'ListPrice'),
            'minimum_amount': json_number_text('payload', 'Minimum_Amount__c'),
            'total_price': json_number_text('payload', 'TotalPrice')
        }
    ) }}
),

renamed as (
    select
        source.record_key as order_item_id,
        source.record.OrderId as order_id,
        source.record.Product2Id as product_id,
        source.record.PricebookEntryId as pricebook_entry_id,
        source.record.OriginalOrderItemId as original_order_item_id,
        source.record.OrderItemNumber as order_item_number,
        source.record.Billing_Frequency__c as billing_frequency,
        source.record.Description as description,
        orders.currency,
        try_cast(source.quantity as decimal(18, 6)) as quantity,
        try_cast(source.unit_price as decimal(28, 10)) as unit_price,
        try_cast(source.list_price as decimal(28, 10)) as list_price,
        {{ to_minor('source.total_price', 'orders.currency_exponent') }} as total_price_minor,
        {{ to_minor('source.minimum_amount', 'orders.currency_exponent') }} as minimum_minor,
        source.record.Minimum_Period__c as minimum_period,
        source.record.Minimum_Anchor__c as minimum_anchor,
        cast(source.record.ServiceDate as date) as service_date,
        cast(source.record.EndDate as date) as last_date,
        cast(source.record.Capacity_Available_Date__c as date) as capacity_available_date,
        {{ from_salesforce_instant('source.record.CreatedDate') }} as created_at,
        source.version_at,
        source.is_deleted
    from source
    left join {{ ref('stg_salesforce__orders') }} as orders on source.record.OrderId = orders.order_id
)

select * from renamed
