{{ config(meta={'dagster': {'ref': {'name': 'rec_chain'}}}) }}
with parts as (
    select entity_id, currency, deposited_minor as amount_minor from {{ ref('rec_chain') }}
    union all
    select entity_id, currency, -amount_minor as amount_minor from {{ ref('bank_transactions') }}
    where kind in ('customer_receipt', 'processor_payout')
    union all
    -- A wire in the account of another entity than the invoice's.
    select entity_id, currency, -applied_minor as amount_minor from {{ ref('cash_applications') }}
    union all
    select receiving_entity_id as entity_id, currency, applied_minor as amount_minor from {{ ref('cash_applications') }}
)

select entity_id, currency, sum(amount_minor) as difference_minor
from parts
group by entity_id, currency
having sum(amount_minor) <> 0
