-- What each invoice still owes at the cut-off: total less credits, losses and cash that stayed. What was received on an
-- invoice that the books do not carry yet is a deposit: it owes nothing.
with credited as (
    select invoice_id, sum(amount_minor + tax_minor) as credited_minor
    from {{ ref('credit_note_lines') }}
    group by invoice_id
),

applied as (
    select
        applications.invoice_id,
        sum(case when receipts.kind = 'card' then applications.applied_minor else 0 end) as card_minor,
        sum(case when receipts.kind = 'bank' then applications.applied_minor else 0 end) as bank_minor,
        max_by(
            applications.receipt_id, cast(applications.applied_date as varchar) || applications.receipt_id
        ) as last_receipt_id,
        max(applications.applied_date) as last_receipt_date
    from {{ ref('cash_applications') }} as applications
    inner join {{ ref('receipts') }} as receipts
        on applications.receipt_id = receipts.receipt_id
    group by applications.invoice_id
),

losses as (
    select invoice_id, sum(gross_minor) as lost_minor
    from {{ ref('document_reductions') }}
    where kind in ('refund', 'write_off', 'recovery')
    group by invoice_id
),

reversed as (
    select
        invoice_id,
        sum(case when kind = 'refund' then amount_minor else 0 end) as refunded_minor,
        sum(
            case kind when 'dispute_withdrawn' then amount_minor when 'dispute_reinstated' then -amount_minor else 0 end
        ) as withdrawn_minor,
        sum(case when kind = 'dispute_lost' then amount_minor else 0 end) as disputes_lost_minor
    from {{ ref('card_reversals') }}
    group by invoice_id
),

items as (
    select
        invoices.invoice_id,
        invoices.entity_id,
        invoices.customer_id,
        invoices.currency,
        invoices.status,
        invoices.collection_method,
        invoices.is_paid_out_of_band,
        invoices.finalized_date,
        invoices.due_date,
        invoices.paid_date,
        invoices.voided_date is not null as is_void,
        bookings.booked_date < {{ as_of_date() }} as is_booked,
        case when invoices.voided_date is null then invoices.total_minor - invoices.balance_applied_minor else 0 end
            as invoiced_minor,
        coalesce(losses.lost_minor, 0) as lost_minor,
        coalesce(credited.credited_minor, 0) as credited_minor,
        coalesce(applied.card_minor, 0) as card_minor,
        coalesce(applied.bank_minor, 0) as bank_minor,
        coalesce(reversed.refunded_minor, 0) as refunded_minor,
        coalesce(reversed.withdrawn_minor, 0) as withdrawn_minor,
        coalesce(reversed.disputes_lost_minor, 0) as disputes_lost_minor,
        applied.last_receipt_id,
        applied.last_receipt_date
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('invoice_bookings') }} as bookings
        on invoices.invoice_id = bookings.invoice_id
    left join losses
        on invoices.invoice_id = losses.invoice_id
    left join credited
        on invoices.invoice_id = credited.invoice_id
    left join applied
        on invoices.invoice_id = applied.invoice_id
    left join reversed
        on invoices.invoice_id = reversed.invoice_id
    where invoices.finalized_date is not null
),

netted as (
    select
        *,
        case
            when is_booked then invoiced_minor - credited_minor - disputes_lost_minor - lost_minor
            else card_minor + bank_minor - refunded_minor - withdrawn_minor
        end as owed_minor,
        card_minor + bank_minor - refunded_minor - withdrawn_minor as received_minor
    from items
)

select
    invoice_id,
    entity_id,
    customer_id,
    currency,
    status,
    collection_method,
    is_paid_out_of_band,
    is_void,
    is_booked,
    finalized_date,
    coalesce(due_date, finalized_date) as due_date,
    paid_date,
    {%- for amount in [
        'invoiced', 'credited', 'card', 'bank', 'refunded', 'withdrawn', 'disputes_lost', 'lost', 'owed', 'received',
    ] %}
    cast({{ amount }}_minor as bigint) as {{ amount }}_minor,
    {%- endfor %}
    cast(owed_minor - received_minor as bigint) as open_minor,
    last_receipt_id,
    last_receipt_date,
    -- Counted to the last day that the books include.
    greatest({{ days_between('coalesce(due_date, finalized_date)', as_of_date()) }} - 1, 0) as days_overdue
from netted
