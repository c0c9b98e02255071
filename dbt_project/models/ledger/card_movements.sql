-- What moved the card processor's balance, a row a movement with the account it debits and the one it credits: charges, fees,
-- refunds, disputes opened and won, and what nothing explains.
with applied_cards as (
    select
        receipt_id,
        -- A charge settles one invoice; the name is for the reader, the amount is the charge's.
        min(invoice_id) as invoice_id
    from {{ ref('cash_applications') }}
    group by receipt_id
)

select
    'receipt_card:' || receipts.receipt_id as entry_key,
    'receipt_card' as entry_type,
    'card charge succeeded' as rule,
    receipts.entity_id,
    receipts.received_date as entry_date,
    receipts.currency,
    receipts.customer_id,
    applied_cards.invoice_id,
    receipts.receipt_id as evidence_ref,
    '1050' as debit_account,
    '1100' as credit_account,
    balances.applied_minor as amount_minor
from {{ ref('receipts') }} as receipts
inner join {{ ref('receipt_balances') }} as balances
    on receipts.receipt_id = balances.receipt_id
left join applied_cards
    on receipts.receipt_id = applied_cards.receipt_id
where receipts.kind = 'card' and balances.applied_minor <> 0
union all
-- What no invoice took stays unapplied.
select
    'receipt_card_unapplied:' || receipts.receipt_id as entry_key,
    'receipt_card' as entry_type,
    'card charge succeeded' as rule,
    receipts.entity_id,
    receipts.received_date as entry_date,
    receipts.currency,
    receipts.customer_id,
    null as invoice_id,
    receipts.receipt_id as evidence_ref,
    '1050' as debit_account,
    '2300' as credit_account,
    balances.unapplied_minor as amount_minor
from {{ ref('receipts') }} as receipts
inner join {{ ref('receipt_balances') }} as balances
    on receipts.receipt_id = balances.receipt_id
where receipts.kind = 'card' and balances.unapplied_minor <> 0
union all
select
    'processor_fee:' || txn_id as entry_key,
    'processor_fee' as entry_type,
    'processor fee charged' as rule,
    entity_id,
    created_date as entry_date,
    currency,
    null as customer_id,
    null as invoice_id,
    'stripe:balance_transaction:' || txn_id as evidence_ref,
    '6000' as debit_account,
    '1050' as credit_account,
    fee_minor as amount_minor
from {{ ref('processor_transactions') }}
where fee_minor <> 0
union all
-- A fee of its own, not kept back from a charge.
select
    'processor_fee_of_its_own:' || txn_id as entry_key,
    'processor_fee' as entry_type,
    'processor fee charged' as rule,
    entity_id,
    created_date as entry_date,
    currency,
    null as customer_id,
    null as invoice_id,
    'stripe:balance_transaction:' || txn_id as evidence_ref,
    '6000' as debit_account,
    '1050' as credit_account,
    -amount_minor as amount_minor
from {{ ref('processor_transactions') }}
where type = 'fee'
union all
-- Anything else that moved the processor's balance waits in suspense, so that clearing stays what the processor owes.
select
    'processor_unknown:' || activity_ref || '|' || entity_id || '|' || currency as entry_key,
    'processor_unknown' as entry_type,
    'processor activity nothing explains' as rule,
    entity_id,
    moved_date as entry_date,
    currency,
    null as customer_id,
    null as invoice_id,
    activity_ref as evidence_ref,
    '1050' as debit_account,
    '2350' as credit_account,
    amount_minor
from {{ ref('unknown_processor_activity') }}
union all
select
    reversals.kind || ':' || reversals.reversal_id as entry_key,
    reversals.kind as entry_type,
    case reversals.kind
        when 'refund' then 'card charge refunded'
        when 'dispute_withdrawn' then 'dispute opened'
        when 'dispute_reinstated' then 'dispute won'
    end as rule,
    reversals.entity_id,
    reversals.reversal_date as entry_date,
    reversals.currency,
    invoices.customer_id,
    reversals.invoice_id,
    'stripe:charge:' || reversals.charge_id as evidence_ref,
    case
        when reversals.kind = 'dispute_reinstated' then '1050'
        when invoices.invoice_id is null then '2300'
        else '1100'
    end as debit_account,
    case
        when reversals.kind <> 'dispute_reinstated' then '1050'
        when invoices.invoice_id is null then '2300'
        else '1100'
    end as credit_account,
    reversals.amount_minor
from {{ ref('card_reversals') }} as reversals
left join {{ ref('invoices') }} as invoices
    on reversals.invoice_id = invoices.invoice_id
where reversals.kind <> 'dispute_lost'
