with source as (
    {{ newest_versions(
        source('salesforce', 'account'),
        {
            'Name': 'text',
            'Type': 'text',
            'BillingCountryCode': 'text',
            'CurrencyIsoCode': 'text',
            'Entity__c': 'text',
            'Stripe_Customer_Id__c': 'text',
            'Metering_Tenant_Id__c': 'text',
            'OwnerId': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'payment_terms_days': json_number_text('payload', 'Payment_Terms_Days__c')
        }
    ) }}
),

renamed as (
    select
        record_key as account_id,
        record.OwnerId as owner_id,
        record.Stripe_Customer_Id__c as stripe_customer_id,
        record.Metering_Tenant_Id__c as tenant_id,
        record.Name as account_name,
        record.Type as account_type,
        record.BillingCountryCode as country,
        record.CurrencyIsoCode as currency,
        record.Entity__c as entity_id,
        cast(try_cast(payment_terms_days as decimal(18, 6)) as integer) as payment_terms_days,
        {{ from_salesforce_instant('record.CreatedDate') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
