with source as (
    {{ newest_versions(
        source('salesforce', 'contract'),
        {
            'AccountId': 'text',
            'ContractNumber': 'text',
            'Status': 'text',
            'StartDate': 'text',
            'EndDate': 'text',
            'CurrencyIsoCode': 'text',
            'Entity__c': 'text',
            'Contract_Kind__c': 'text',
            'Is_Cancellable__c': 'boolean',
            'Negotiated_With__c': 'text',
            'CreatedDate': 'text'
        },
        extra={
            'contract_term': json_number_text('payload', 'ContractTerm')
        }
    ) }}
),

renamed as (
    select
        record_key as contract_id,
        record.AccountId as account_id,
        record.ContractNumber as contract_number,
        record.Status as status,
        record.Contract_Kind__c as contract_kind,
        coalesce(record.Is_Cancellable__c, false) as is_cancellable,
        record.Negotiated_With__c as negotiated_with,
        record.CurrencyIsoCode as currency,
        record.Entity__c as entity_id,
        cast(try_cast(contract_term as decimal(18, 6)) as integer) as term_months,
        cast(record.StartDate as date) as start_date,
        cast(record.EndDate as date) as last_date,
        {{ from_salesforce_instant('record.CreatedDate') }} as created_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
