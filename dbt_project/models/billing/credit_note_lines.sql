with notes as (
    select * from {{ ref('stg_stripe__credit_notes') }}
    where
        not is_deleted
        and status = 'issued'
)

select
    note_lines.credit_note_line_id,
    note_lines.credit_note_id,
    note_lines.invoice_line_id,
    notes.invoice_id,
    lines.obligation_id,
    lines.contract_id,
    coalesce(lines.customer_id, invoices.customer_id) as customer_id,
    notes.entity_id,
    notes.currency,
    note_lines.amount_minor,
    note_lines.tax_minor,
    cast(notes.created_at as date) as issued_date,
    notes.reason,
    case
        when lines.invoice_line_id is null then 'no_order'
        else lines.unmatched_reason
    end as unmatched_reason
from {{ ref('stg_stripe__credit_note_lines') }} as note_lines
inner join notes using (credit_note_id)
left join {{ ref('invoices') }} as invoices on notes.invoice_id = invoices.invoice_id
left join {{ ref('invoice_lines') }} as lines on note_lines.invoice_line_id = lines.invoice_line_id
