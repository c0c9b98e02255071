-- What lowered a price after it was invoiced: credit notes, and disputes that were lost.
-- `is_suspense` marks what reduces a line that belongs to no obligation: it touches billing suspense, not revenue.
with credit_notes as (
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

lost_disputes_by_line as (
    select
        reversals.reversal_id,
        reversals.charge_id,
        reversals.reversal_date,
        reversals.amount_minor - coalesce(reversals.tax_minor, 0) as lost_minor,
        lines.invoice_id,
        lines.invoice_line_id,
        case when lines.unmatched_reason is null then lines.obligation_id end as obligation_id,
        case when lines.unmatched_reason is null then lines.contract_id end as contract_id,
        reversals.entity_id,
        reversals.currency,
        greatest(lines.net_minor, 0) as line_weight
    from {{ ref('card_reversals') }} as reversals
    inner join {{ ref('invoice_lines') }} as lines
        on reversals.invoice_id = lines.invoice_id
    where reversals.kind = 'dispute_lost'
),

spread as (
    {{ largest_remainder('lost_disputes_by_line', ['reversal_id'], ['invoice_line_id'], 'lost_minor', 'line_weight') }}
),

lost_disputes as (
    select
        'dispute_lost' as kind,
        reversal_id as source_id,
        reversal_id || ':' || invoice_line_id as line_id,
        'stripe:charge:' || charge_id as evidence_ref,
        invoice_id,
        invoice_line_id,
        obligation_id,
        contract_id,
        entity_id,
        currency,
        reversal_date as reduction_date,
        part_minor as amount_minor
    from spread
),

reductions as (
    select * from credit_notes
    union all
    select * from lost_disputes
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
