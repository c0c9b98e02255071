-- Invoices that lines, payments or credit notes speak of and that have not arrived: quarantined, lost or never pulled.
-- A draft has arrived; it is just not issued.
with spoken_of as (
    select
        invoice_id,
        entity_id,
        currency,
        amount_minor - credits_applied_minor + tax_minor as lines_minor,
        0 as paid_minor
    from {{ ref('stg_stripe__invoice_lines') }}
    where not is_deleted
    union all
    select
        invoice_id,
        entity_id,
        currency,
        0 as lines_minor,
        amount_paid_minor as paid_minor
    from {{ ref('stg_stripe__invoice_payments') }}
    where
        not is_deleted
        and status = 'paid'
    union all
    select
        invoice_id,
        entity_id,
        currency,
        0 as lines_minor,
        0 as paid_minor
    from {{ ref('stg_stripe__credit_notes') }}
    where
        not is_deleted
        and status = 'issued'
)

select
    spoken_of.invoice_id,
    spoken_of.entity_id,
    spoken_of.currency,
    cast(sum(spoken_of.lines_minor) as bigint) as lines_minor,
    cast(sum(spoken_of.paid_minor) as bigint) as paid_minor
from spoken_of
left join {{ ref('stg_stripe__invoices') }} as invoices
    on spoken_of.invoice_id = invoices.invoice_id
where
    spoken_of.invoice_id is not null
    and (invoices.invoice_id is null or invoices.is_deleted)
group by spoken_of.invoice_id, spoken_of.entity_id, spoken_of.currency
