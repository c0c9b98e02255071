-- What lowered a price after it was invoiced: credit notes, voids that were not issued again, and what lowered an
-- invoice as a whole, spread over its lines by what they still bill.
-- `is_suspense` marks what reduces a line that belongs to no obligation: it touches billing suspense, not revenue.
with invoice_lines as (
    select
        *,
        case when unmatched_reason is null then obligation_id end as reduced_obligation_id,
        case when unmatched_reason is null then contract_id end as reduced_contract_id
    from {{ ref('invoice_lines') }}
),

noted as (
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
        amount_minor
    from {{ ref('credit_note_lines') }}
),

noted_lines as (
    select
        invoice_line_id,
        sum(amount_minor) as noted_minor
    from noted
    group by invoice_line_id
),

-- What was issued again for the same item and period is still owed.
issued_again as (
    select
        reduced_obligation_id as obligation_id,
        period_start
    from invoice_lines
    where not is_void and finalized_date is not null
    group by reduced_obligation_id, period_start
),

voided as (
    select
        'void' as kind,
        lines.invoice_id as source_id,
        lines.invoice_line_id as line_id,
        'stripe:invoice:' || lines.invoice_id as evidence_ref,
        lines.invoice_id,
        lines.invoice_line_id,
        lines.reduced_obligation_id as obligation_id,
        lines.reduced_contract_id as contract_id,
        lines.entity_id,
        lines.currency,
        lines.voided_date as reduction_date,
        lines.net_minor as amount_minor
    from invoice_lines as lines
    left join issued_again
        on
            lines.reduced_obligation_id = issued_again.obligation_id
            and lines.period_start = issued_again.period_start
    where lines.is_void and lines.reduced_obligation_id is not null and issued_again.obligation_id is null
),

invoice_reductions_by_line as (
    select
        reductions.kind,
        reductions.source_id,
        reductions.evidence_ref,
        reductions.reduction_date,
        reductions.amount_minor - reductions.tax_minor as reduced_minor,
        lines.invoice_id,
        lines.invoice_line_id,
        lines.reduced_obligation_id as obligation_id,
        lines.reduced_contract_id as contract_id,
        reductions.entity_id,
        reductions.currency,
        greatest(lines.net_minor - coalesce(noted_lines.noted_minor, 0), 0) as line_weight
    from {{ ref('invoice_reductions') }} as reductions
    inner join invoice_lines as lines
        on reductions.invoice_id = lines.invoice_id
    left join noted_lines
        on lines.invoice_line_id = noted_lines.invoice_line_id
),

spread as (
    {{ largest_remainder('invoice_reductions_by_line', ['kind', 'source_id'], ['invoice_line_id'], 'reduced_minor', 'line_weight') }}
),

reductions as (
    select * from noted
    union all
    select * from voided
    union all
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
        part_minor as amount_minor
    from spread
)

select
    {{ rec_id(['kind', 'line_id']) }} as price_reduction_id,
    kind,
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
