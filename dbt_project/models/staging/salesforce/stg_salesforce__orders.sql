with source as (
    {{ newest_versions(
        source('salesforce', 'order'),
        {
            'OrderNumber': 'text',
            'AccountId': 'text',
            'ContractId': 'text',
            'OpportunityId': 'text',
            'Status': 'text',
            'EffectiveDate': 'text',
            'EndDate': 'text',
            'Type': 'text',
            'OriginalOrderId': 'text',
            'ActivatedDate': 'text',
            'CurrencyIsoCode': 'text',
            'Entity__c': 'text',
            'Contract_Kind__c': 'text',
            'Modification_Method__c': 'text',
            'PoNumber': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'total_amount': json_number_text('payload', 'TotalAmount'),
            'payment_terms_days': json_number_text('payload', 'Payment_Terms_Days__c')
        }
    ) }}
),

renamed as (
    select
        source.record_key as order_id,
        source.record.AccountId as account_id,
        source.record.ContractId as contract_id,
        source.record.OpportunityId as opportunity_id,
        source.record.OriginalOrderId as original_order_id,
        source.record.OrderNumber as order_number,
        source.record.Status as status,
        source.record.Type as order_type,
        source.record.Contract_Kind__c as contract_kind,
        source.record.Modification_Method__c as modification_method,
        source.record.PoNumber as po_number,
        source.record.CurrencyIsoCode as currency,
        source.record.Entity__c as entity_id,
        currencies.exponent as currency_exponent,
        {{ to_minor('source.total_amount', 'currencies.exponent') }} as total_amount_minor,
        cast(try_cast(source.payment_terms_days as decimal(18, 6)) as integer) as payment_terms_days,
        cast(source.record.EffectiveDate as date) as effective_date,
        cast(source.record.EndDate as date) as last_date,
        {{ from_salesforce_instant('source.record.ActivatedDate') }} as activated_at,
        {{ from_salesforce_instant('source.record.CreatedDate') }} as created_at,
        source.version_at,
        source.is_deleted
    from source
    left join {{ ref('currencies') }} as currencies on source.record.CurrencyIsoCode = currencies.currency
)

select * from renamed
