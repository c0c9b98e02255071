-- Which invoice lines bear a gap, and how heavily: the lines of an invoice, of a credit note, or those whose cash a
-- payout or a posting carries. Cash that settles no line weighs under `none:<entity>:<currency>`.
with applications as (
    select
        receipts.receipt_id,
        receipts.kind,
        receipts.entity_id,
        receipts.currency,
        receipts.received_date,
        applications.invoice_id,
        applications.applied_minor
    from {{ ref('receipts') }} as receipts
    inner join {{ ref('cash_applications') }} as applications
        on receipts.receipt_id = applications.receipt_id
),

application_lines as (
    select
        applications.receipt_id,
        applications.invoice_id,
        applications.kind,
        applications.entity_id,
        applications.currency,
        applications.received_date,
        applications.applied_minor,
        coalesce(lines.chain_line_id, 'none:' || applications.entity_id || ':' || applications.currency) as chain_line_id,
        coalesce(lines.line_weight, 1) as line_weight
    from applications
    left join {{ ref('chain_lines') }} as lines
        on applications.invoice_id = lines.invoice_id
),

application_parts as (
    {{ largest_remainder('application_lines', ['receipt_id', 'invoice_id'], ['chain_line_id'], 'applied_minor', 'line_weight') }}
),

card_parts as (
    select
        coalesce(transactions.payout_id, 'balance:' || parts.entity_id || '|' || parts.currency) as group_key,
        parts.chain_line_id,
        parts.part_minor
    from application_parts as parts
    inner join {{ ref('processor_transactions') }} as transactions
        on parts.receipt_id = 'stripe:charge:' || transactions.source_id
    where parts.kind = 'card' and transactions.type in ('charge', 'payment')
),

deposits as (
    select
        transactions.bank_transaction_ref,
        transactions.payout_id,
        transactions.entity_id,
        transactions.currency,
        transactions.amount_minor,
        transactions.entity_id || '|' || substr(cast(transactions.booked_date as varchar), 1, 7) || '|payout|'
        || transactions.currency as posting_key,
        row_number() over (
            partition by transactions.payout_id
            order by transactions.booked_date, transactions.bank_transaction_ref
        ) as booking_no
    from {{ ref('bank_transactions') }} as transactions
    where transactions.kind = 'processor_payout'
),

-- Deposits of one payout carry what its card receipts paid; a deposit that no payout explains carries nobody's.
deposit_parts as (
    select deposits.posting_key, parts.chain_line_id, parts.part_minor
    from deposits
    inner join card_parts as parts
        on deposits.payout_id = parts.group_key
    where deposits.booking_no = 1
    union all
    select posting_key, 'none:' || entity_id || ':' || currency as chain_line_id, amount_minor as part_minor
    from deposits
    where booking_no > 1 or payout_id is null or payout_id not in (select group_key from card_parts)
),

weights as (
    {%- for hop in ['applied', 'disputes_lost'] %}
    select '{{ hop }}' as hop, invoice_id as group_key, chain_line_id, line_weight as weight
    from {{ ref('chain_lines') }}
    union all
    {%- endfor %}
    select 'invoices_unposted' as hop, posting_key as group_key, chain_line_id, line_weight as weight
    from {{ ref('chain_lines') }}
    union all
    select 'credit_notes' as hop, chain_line_id as group_key, chain_line_id, 1 as weight
    from {{ ref('chain_lines') }}
    {%- for hop in ['card_fees', 'deposited'] %}
    union all
    select '{{ hop }}' as hop, group_key, chain_line_id, part_minor as weight
    from card_parts
    {%- endfor %}
    union all
    select 'posted' as hop, posting_key as group_key, chain_line_id, part_minor as weight
    from deposit_parts
    union all
    select
        'posted' as hop,
        entity_id || '|' || substr(cast(received_date as varchar), 1, 7) || '|receipt_bank|' || currency as group_key,
        chain_line_id,
        part_minor as weight
    from application_parts
    where kind = 'bank'
    union all
    select
        'posted' as hop,
        receipts.entity_id || '|' || substr(cast(receipts.received_date as varchar), 1, 7) || '|receipt_bank|'
        || receipts.currency as group_key,
        'none:' || receipts.entity_id || ':' || receipts.currency as chain_line_id,
        balances.unapplied_minor as weight
    from {{ ref('receipt_balances') }} as balances
    inner join {{ ref('receipts') }} as receipts
        on balances.receipt_id = receipts.receipt_id
    where receipts.kind = 'bank' and balances.unapplied_minor > 0
)

select
    hop,
    group_key,
    chain_line_id,
    cast(greatest(sum(weight), 0) as bigint) as line_weight
from weights
group by hop, group_key, chain_line_id
