-- Lines that split what was taken back from a customer: the part that had been recognised is contra revenue (a credit loss,
-- for a write-off), the rest has only lowered what is deferred. They join the entry of the document. Debit positive.
with splits as (
    select
        splits.kind,
        splits.recognised_minor,
        reductions.source_id,
        reductions.invoice_id,
        reductions.obligation_id,
        reductions.contract_id,
        reductions.entity_id,
        reductions.currency,
        reductions.evidence_ref,
        greatest(reductions.reduction_date, coalesce(bookings.booked_date, reductions.reduction_date)) as entry_date,
        invoices.customer_id
    from {{ ref('reduction_splits') }} as splits
    inner join {{ ref('price_reductions') }} as reductions
        on splits.price_reduction_id = reductions.price_reduction_id
    left join {{ ref('invoices') }} as invoices
        on reductions.invoice_id = invoices.invoice_id
    left join {{ ref('invoice_bookings') }} as bookings
        on reductions.invoice_id = bookings.invoice_id
    where splits.recognised_minor <> 0
)
{% for account, sign in [(contra_account('kind'), ''), ("'2100'", '-')] %}
{{ 'union all' if not loop.first }}
select
    kind || ':' || source_id as entry_key,
    kind as entry_type,
    'taken back: what was recognised is contra revenue' as rule,
    entity_id,
    entry_date,
    currency,
    {{ account }} as account_code,
    obligation_id,
    contract_id,
    customer_id,
    invoice_id,
    evidence_ref,
    {{ sign }}recognised_minor as amount_minor
from splits
{%- endfor %}
