{{ config(meta={'dagster': {'ref': {'name': 'ar_open_items'}}}) }}
with subledger as (
    select entity_id, currency, sum(open_minor) as open_minor
    from {{ ref('ar_open_items') }}
    group by entity_id, currency
),

account as (
    select entity_id, currency, sum(amount_minor) as balance_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code = '1100'
    group by entity_id, currency
)

select
    coalesce(subledger.entity_id, account.entity_id) as entity_id,
    coalesce(subledger.currency, account.currency) as currency,
    subledger.open_minor,
    account.balance_minor
from subledger
full outer join account
    on subledger.entity_id = account.entity_id and subledger.currency = account.currency
where coalesce(subledger.open_minor, 0) <> coalesce(account.balance_minor, 0)
