with source as (
    {{ newest_versions(
        source('salesforce', 'milestone'),
        {
            'OrderItemId__c': 'text',
            'Name': 'text',
            'Due_Date__c': 'text',
            'Completed_Date__c': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'amount': json_number_text('payload', 'Amount__c')
        }
    ) }}
),

renamed as (
    select
        source.record_key as milestone_id,
        source.record.OrderItemId__c as order_item_id,
        source.record.Name as milestone_name,
        {{ to_minor('source.amount', 'orders.currency_exponent') }} as amount_minor,
        cast(source.record.Due_Date__c as date) as due_date,
        cast(source.record.Completed_Date__c as date) as completed_date,
        {{ from_salesforce_instant('source.record.CreatedDate') }} as created_at,
        source.version_at,
        source.is_deleted
    from source
    left join {{ ref('stg_salesforce__order_items') }} as order_items on source.record.OrderItemId__c = order_items.order_item_id
    left join {{ ref('stg_salesforce__orders') }} as orders using (order_id)
)

select * from renamed
