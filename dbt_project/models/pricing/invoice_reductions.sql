-- What lowered an invoice as a whole, tax included: disputes that were lost, refunds that no credit note explains,
-- write-offs, and what came in on a written-off invoice after all, which is a reduction below zero.
with card as (
    select
        case kind when 'refund' then 'refund' else 'dispute_lost' end as kind,
        reversal_id as source_id,
        'stripe:charge:' || charge_id as evidence_ref,
        invoice_id,
        entity_id,
        currency,
        reversal_date as reduction_date,
        amount_minor - credited_minor as amount_minor,
        coalesce({{ mul_div('amount_minor - credited_minor', 'tax_minor', 'amount_minor') }}, 0) as tax_minor
    from {{ ref('card_reversals') }}
    where kind in ('refund', 'dispute_lost') and invoice_id is not null and amount_minor > credited_minor
),

written_off as (
    select * from {{ ref('written_off_invoices') }}
    where written_off_minor > 0
),

received_after as (
    select
        written_off.*,
        applications.receipt_id,
        applications.applied_date,
        least(
            sum(applications.applied_minor) over (
                partition by written_off.invoice_id order by applications.applied_date, applications.receipt_id
            ),
            written_off.written_off_minor
        ) as recovered_to_date_minor
    from written_off
    inner join {{ ref('cash_applications') }} as applications
        on
            written_off.invoice_id = applications.invoice_id
            and written_off.written_off_date <= applications.applied_date
),

taxed as (
    select
        *,
        coalesce({{ mul_div('recovered_to_date_minor', 'tax_minor', 'written_off_minor') }}, 0) as recovered_tax_to_date_minor
    from received_after
),

recovered as (
    select
        *,
        recovered_to_date_minor - coalesce(
            lag(recovered_to_date_minor) over (partition by invoice_id order by applied_date, receipt_id), 0
        ) as recovered_minor,
        recovered_tax_to_date_minor - coalesce(
            lag(recovered_tax_to_date_minor) over (partition by invoice_id order by applied_date, receipt_id), 0
        ) as recovered_tax_minor
    from taxed
),

reductions as (
    select * from card
    union all
    select
        'write_off' as kind,
        'stripe:invoice:' || invoice_id as source_id,
        'stripe:invoice:' || invoice_id as evidence_ref,
        invoice_id,
        entity_id,
        currency,
        written_off_date as reduction_date,
        written_off_minor as amount_minor,
        tax_minor
    from written_off
    union all
    select
        'write_off_recovery' as kind,
        receipt_id || ':' || invoice_id as source_id,
        receipt_id as evidence_ref,
        invoice_id,
        entity_id,
        currency,
        applied_date as reduction_date,
        -recovered_minor as amount_minor,
        -recovered_tax_minor as tax_minor
    from recovered
    where recovered_minor <> 0
)

select
    kind,
    source_id,
    evidence_ref,
    invoice_id,
    entity_id,
    currency,
    reduction_date,
    cast(amount_minor as bigint) as amount_minor,
    cast(tax_minor as bigint) as tax_minor
from reductions
