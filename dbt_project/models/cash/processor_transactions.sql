with settled as (
    select
        balance_transaction_id,
        payout_id
    from {{ ref('stg_stripe__payout_transactions') }}
    where not is_deleted
)

select
    transactions.balance_transaction_id as txn_id,
    transactions.entity_id,
    transactions.currency,
    transactions.reporting_category as type,
    transactions.transaction_type,
    transactions.source_id,
    transactions.amount_minor,
    transactions.fee_minor,
    transactions.net_minor,
    cast(transactions.created_at as date) as created_date,
    settled.payout_id
from {{ ref('stg_stripe__balance_transactions') }} as transactions
left join settled using (balance_transaction_id)
where not transactions.is_deleted
