-- Lines of the entries that take an amount off a receivable for good, or restore it: refunds that no credit note explains,
-- write-offs, recoveries. Lost disputes are with the card processor's. Debit positive.
with documents as (
    select
        documents.*,
        invoices.customer_id
    from {{ ref('document_reductions') }} as documents
    inner join {{ ref('invoices') }} as invoices
        on documents.invoice_id = invoices.invoice_id
    where documents.kind in ('refund', 'write_off', 'recovery')
),

sides as (
    select
        kind,
        source_id,
        case when is_suspense then '2350' else '2100' end as account_code,
        obligation_id,
        contract_id,
        'stripe:invoice_line:' || invoice_line_id as evidence_ref,
        amount_minor
    from {{ ref('price_reductions') }}
    where kind in ('refund', 'write_off', 'recovery')
    union all
    select
        kind,
        source_id,
        '2500' as account_code,
        null as obligation_id,
        null as contract_id,
        evidence_ref,
        tax_minor as amount_minor
    from documents
    union all
    select
        kind,
        source_id,
        '1100' as account_code,
        null as obligation_id,
        null as contract_id,
        evidence_ref,
        -gross_minor as amount_minor
    from documents
)

select
    documents.kind || ':' || documents.source_id as entry_key,
    documents.kind as entry_type,
    case documents.kind
        when 'refund' then 'refunded without a credit note: the price is lower'
        when 'write_off' then 'written off as uncollectible'
        when 'recovery' then 'collected after it was written off'
    end as rule,
    documents.entity_id,
    documents.reduction_date as entry_date,
    documents.currency,
    sides.account_code,
    sides.obligation_id,
    sides.contract_id,
    documents.customer_id,
    documents.invoice_id,
    sides.evidence_ref,
    sides.amount_minor
from sides
inner join documents
    on sides.kind = documents.kind and sides.source_id = documents.source_id
