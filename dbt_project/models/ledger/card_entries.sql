-- Lines of the entries of the card processor: receipts, fees, refunds, disputes. `amount_minor` is debit positive.
with applied_cards as (
    select
        receipt_id,
        -- A charge settles one invoice; the name is for the reader, the amount is the charge's.
        min(invoice_id) as invoice_id
    from {{ ref('cash_applications') }}
    group by receipt_id
),

card_movements as (
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
        receipts.amount_minor
    from {{ ref('receipts') }} as receipts
    left join applied_cards
        on receipts.receipt_id = applied_cards.receipt_id
    where receipts.kind = 'card'
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
        case when reversals.kind = 'dispute_reinstated' then '1050' else '1100' end as debit_account,
        case when reversals.kind = 'dispute_reinstated' then '1100' else '1050' end as credit_account,
        reversals.amount_minor
    from {{ ref('card_reversals') }} as reversals
    left join {{ ref('invoices') }} as invoices
        on reversals.invoice_id = invoices.invoice_id
    where reversals.kind <> 'dispute_lost'
),

lost as (
    select
        reversals.*,
        invoices.customer_id
    from {{ ref('card_reversals') }} as reversals
    left join {{ ref('invoices') }} as invoices
        on reversals.invoice_id = invoices.invoice_id
    where reversals.kind = 'dispute_lost'
),

lost_sides as (
    -- A lost dispute is a price reduction of what the invoice billed.
    select
        source_id as reversal_id,
        case when is_suspense then '2350' else '2100' end as account_code,
        obligation_id,
        contract_id,
        'stripe:invoice_line:' || invoice_line_id as evidence_ref,
        amount_minor
    from {{ ref('price_reductions') }}
    where kind = 'dispute_lost'
    union all
    select
        reversal_id,
        '2500' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:charge:' || charge_id as evidence_ref,
        tax_minor
    from lost
    union all
    select
        reversal_id,
        '1100' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:charge:' || charge_id as evidence_ref,
        -amount_minor as amount_minor
    from lost
)

{% for side, sign in [('debit_account', ''), ('credit_account', '-')] -%}
select
    entry_key,
    entry_type,
    rule,
    entity_id,
    entry_date,
    currency,
    {{ side }} as account_code,
    cast(null as varchar) as obligation_id,
    cast(null as varchar) as contract_id,
    customer_id,
    invoice_id,
    evidence_ref,
    {{ sign }}amount_minor as amount_minor
from card_movements
union all
{% endfor -%}
select
    'dispute_lost:' || lost.reversal_id as entry_key,
    'dispute_lost' as entry_type,
    'dispute lost' as rule,
    lost.entity_id,
    lost.reversal_date as entry_date,
    lost.currency,
    lost_sides.account_code,
    lost_sides.obligation_id,
    lost_sides.contract_id,
    lost.customer_id,
    lost.invoice_id,
    lost_sides.evidence_ref,
    lost_sides.amount_minor
from lost_sides
inner join lost
    on lost_sides.reversal_id = lost.reversal_id
