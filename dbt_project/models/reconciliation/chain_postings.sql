-- What the ERP lacks of each posting of cash (receipts, payouts) and of invoices, once its month is over.
with posted as (
    select
        reference as posting_key,
        entity_id,
        currency,
        sum(greatest(net_minor, 0)) as posted_minor
    from (
        select reference, entity_id, currency, account_code, sum(debit_minor) - sum(credit_minor) as net_minor
        from {{ ref('stg_erp__journal_lines') }}
        where journal_source <> 'MANUAL'
        group by reference, entity_id, currency, account_code
    ) as by_account
    group by reference, entity_id, currency
),

postings as (
    select posting_key, entity_id, currency, period, entry_type, sum(greatest(net_minor, 0)) as ledger_minor
    from (
        select
            posting_key, entity_id, currency, period, entry_type, account_code,
            sum(debit_minor) - sum(credit_minor) as net_minor
        from {{ ref('ledger_entry_lines') }}
        where
            entry_type in ('invoice', 'receipt_bank', 'payout')
            and {{ add_months('period', 1) }} <= {{ as_of_date() }}
        group by posting_key, entity_id, currency, period, entry_type, account_code
    ) as by_account
    group by posting_key, entity_id, currency, period, entry_type
)

select
    case postings.entry_type when 'invoice' then 'invoices_unposted' else 'posted' end as hop,
    'ledger:' || postings.posting_key as ref,
    postings.posting_key as group_key,
    postings.entity_id,
    postings.currency,
    postings.period,
    cast(postings.ledger_minor - coalesce(posted.posted_minor, 0) as bigint) as gap_minor
from postings
left join posted
    on
        postings.posting_key = posted.posting_key
        and postings.entity_id = posted.entity_id
        and postings.currency = posted.currency
