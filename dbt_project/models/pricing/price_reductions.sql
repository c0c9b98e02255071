-- What lowered a price after it was invoiced, line by line: credit notes, voids that were not issued again, and what
-- documents take off whole invoices, by net amount of the line.
-- `is_suspense` marks what reduces a line that belongs to no obligation: it touches billing suspense, not revenue.
with lines as (
    select
        invoice_line_id,
        invoice_id,
        case when unmatched_reason is null then obligation_id end as obligation_id,
        case when unmatched_reason is null then contract_id end as contract_id,
        entity_id,
        currency,
        period_start,
        net_minor,
        is_void,
        voided_date
    from {{ ref('invoice_lines') }}
),

credit_notes as (
    select
        'credit_note' as kind,
        credit_note_id as source_id,
        credit_note_line_id as line_id,
        'stripe:credit_note:' || credit_note_id as evidence_ref,
        invoice_id,
        invoice_line_id,
        case when unmatched_reason is null then obligation_id end as obligation_id,
        case when unmatched_reason is null then contract_id end as contract_id,
        entity_id,
        currency,
        issued_date as reduction_date,
        amount_minor,
        cast(null as varchar) as restores_line_id
    from {{ ref('credit_note_lines') }}
),

-- Issued again, a line is only billed anew; otherwise nobody will pay for it.
voids as (
    select
        'void' as kind,
        voided.invoice_id as source_id,
        voided.invoice_line_id as line_id,
        'stripe:invoice:' || voided.invoice_id as evidence_ref,
        voided.invoice_id,
        voided.invoice_line_id,
        voided.obligation_id,
        voided.contract_id,
        voided.entity_id,
        voided.currency,
        voided.voided_date as reduction_date,
        voided.net_minor as amount_minor,
        cast(null as varchar) as restores_line_id
    from lines as voided
    left join (
        select distinct obligation_id, period_start from lines
        where not is_void and obligation_id is not null
    ) as again
        on voided.obligation_id = again.obligation_id and voided.period_start = again.period_start
    where voided.is_void and voided.obligation_id is not null and again.obligation_id is null
),

documents as (
    select
        documents.*,
        documents.gross_minor - documents.tax_minor as net_minor,
        lines.invoice_line_id,
        lines.obligation_id,
        lines.contract_id,
        greatest(lines.net_minor, 0) as line_weight
    from {{ ref('document_reductions') }} as documents
    inner join lines
        on documents.invoice_id = lines.invoice_id
),

spread as (
    {{ largest_remainder('documents', ['kind', 'source_id'], ['invoice_line_id'], 'net_minor', 'line_weight') }}
),

by_line as (
    select
        kind,
        source_id,
        source_id || ':' || invoice_line_id as line_id,
        evidence_ref,
        invoice_id,
        invoice_line_id,
        obligation_id,
        contract_id,
        entity_id,
        currency,
        reduction_date,
        part_minor as amount_minor,
        case when kind = 'recovery' then invoice_id || ':' || invoice_line_id end as restores_line_id
    from spread
),

reductions as (
    select * from credit_notes
    union all
    select * from voids
    union all
    select * from by_line
)

select
    {{ rec_id(['kind', 'line_id']) }} as price_reduction_id,
    kind,
    case when restores_line_id is not null then {{ rec_id(["'write_off'", 'restores_line_id']) }} end as restores_id,
    source_id,
    evidence_ref,
    invoice_id,
    invoice_line_id,
    obligation_id,
    contract_id,
    entity_id,
    currency,
    reduction_date,
    {{ month_start('reduction_date') }} as period,
    cast(amount_minor as bigint) as amount_minor,
    obligation_id is null as is_suspense
from reductions
