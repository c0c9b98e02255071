with source as (
    {{ newest_versions(
        source('salesforce', 'opportunity'),
        {
            'AccountId': 'text',
            'Name': 'text',
            'StageName': 'text',
            'CloseDate': 'text',
            'CurrencyIsoCode': 'text',
            'Type': 'text',
            'OwnerId': 'text',
            'CreatedDate': 'text',
            'IsWon': 'boolean',
            'IsClosed': 'boolean'
        },
        extra={
            'amount': json_number_text('payload', 'Amount')
        }
    ) }}
),

renamed as (
    select
        source.record_key as opportunity_id,
        source.record.AccountId as account_id,
        source.record.OwnerId as owner_id,
        source.record.Name as opportunity_name,
        source.record.StageName as stage_name,
        source.record.Type as opportunity_type,
        source.record.CurrencyIsoCode as currency,
        {{ to_minor('source.amount', 'currencies.exponent') }} as amount_minor,
        source.record.IsWon as is_won,
        source.record.IsClosed as is_closed,
        cast(source.record.CloseDate as date) as close_date,
        {{ from_salesforce_instant('source.record.CreatedDate') }} as created_at,
        source.version_at,
        source.is_deleted
    from source
    left join {{ ref('currencies') }} as currencies on source.record.CurrencyIsoCode = currencies.currency
)

select * from renamed
