{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
with open_parts as (
    select receipts.entity_id, receipts.currency, balances.unapplied_minor as amount_minor
    from {{ ref('receipt_balances') }} as balances
    inner join {{ ref('receipts') }} as receipts
        on balances.receipt_id = receipts.receipt_id
    union all
    -- A charge that paid no invoice was given back.
    select
        entity_id,
        currency,
        case when kind = 'dispute_reinstated' then amount_minor else -amount_minor end as amount_minor
    from {{ ref('card_reversals') }}
    where
        kind <> 'dispute_lost'
        and (invoice_id is null or invoice_id not in (select invoice_id from {{ ref('invoices') }}))
    union all
    select right_entity_id as entity_id, right_currency as currency, right_minor as amount_minor
    from {{ ref('rec_payouts_to_bank') }}
    where reason_code in ('DEPOSIT_WITHOUT_PAYOUT', 'DEPOSIT_DUPLICATED')
    union all
    select entity_id, currency, amount_minor
    from {{ ref('bank_transactions') }}
    where kind = 'other'
    union all
    select entity_id, currency, amount_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code = '2300'
)

select entity_id, currency, sum(amount_minor) as difference_minor
from open_parts
group by entity_id, currency
having sum(amount_minor) <> 0
