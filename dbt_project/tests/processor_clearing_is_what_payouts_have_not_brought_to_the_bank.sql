{{ config(meta={'dagster': {'ref': {'name': 'rec_payouts_to_bank'}}}) }}
with parts as (
    select entity_id, currency, difference_minor as amount_minor
    from {{ ref('rec_payouts_to_bank') }}
    where left_ref is not null
    union all
    select entity_id, currency, -amount_minor as amount_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code = '1050'
)

select entity_id, currency, sum(amount_minor) as difference_minor
from parts
group by entity_id, currency
having sum(amount_minor) <> 0
