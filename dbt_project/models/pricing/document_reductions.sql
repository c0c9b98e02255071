-- Amounts that documents take off an invoice as a whole: lost disputes, refunds that no credit note explains, write-offs of
-- what was still open; and, the other way, what was collected after a write-off.
with invoices as (
    select * from {{ ref('invoices') }}
    where finalized_date is not null and voided_date is null
),

reversals as (
    select
        case kind when 'refund' then 'refund' else 'dispute_lost' end as kind,
        reversal_id as source_id,
        'stripe:charge:' || charge_id as evidence_ref,
        invoice_id,
        entity_id,
        currency,
        reversal_date as reduction_date,
        amount_minor - credited_minor as gross_minor,
        coalesce({{ mul_div('tax_minor', 'amount_minor - credited_minor', 'amount_minor') }}, 0) as tax_minor
    from {{ ref('card_reversals') }}
    where kind = 'dispute_lost' or (kind = 'refund' and credited_minor < amount_minor and invoice_id is not null)
),

credited as (
    select
        invoice_id,
        issued_date as day,
        amount_minor + tax_minor as settled_minor
    from {{ ref('credit_note_lines') }}
),

received as (
    select
        invoice_id,
        applied_date as day,
        applied_minor as settled_minor,
        receipt_id
    from {{ ref('cash_applications') }}
),

-- Money that went back to a card is owed again, unless the price fell with it.
reversed as (
    select
        invoice_id,
        reversal_date as day,
        case
            when kind in ('dispute_lost', 'dispute_reinstated') then amount_minor
            when kind = 'refund' then -credited_minor
            else -amount_minor
        end as settled_minor
    from {{ ref('card_reversals') }}
),

settled as (
    select
        invoices.invoice_id,
        sum(movements.settled_minor) as settled_minor
    from invoices
    inner join (
        select invoice_id, day, settled_minor from credited
        union all
        select invoice_id, day, settled_minor from received
        union all
        select invoice_id, day, settled_minor from reversed
    ) as movements
        on invoices.invoice_id = movements.invoice_id and movements.day < invoices.written_off_date
    group by invoices.invoice_id
),

written_off as (
    select
        'write_off' as kind,
        invoices.invoice_id as source_id,
        'stripe:invoice:' || invoices.invoice_id as evidence_ref,
        invoices.invoice_id,
        invoices.entity_id,
        invoices.currency,
        invoices.written_off_date as reduction_date,
        invoices.total_minor - invoices.balance_applied_minor - coalesce(settled.settled_minor, 0) as gross_minor
    from invoices
    left join settled
        on invoices.invoice_id = settled.invoice_id
    where invoices.written_off_date is not null
),

recovered as (
    select
        'recovery' as kind,
        received.receipt_id || ':' || written_off.invoice_id as source_id,
        received.receipt_id as evidence_ref,
        written_off.invoice_id,
        written_off.entity_id,
        written_off.currency,
        received.day as reduction_date,
        -- Nothing is recovered beyond what was written off: the rest is the customer's.
        -(
            least(sum(received.settled_minor) over to_date, written_off.gross_minor)
            - least(sum(received.settled_minor) over to_date - received.settled_minor, written_off.gross_minor)
        ) as gross_minor
    from written_off
    inner join received
        on written_off.invoice_id = received.invoice_id and received.day >= written_off.reduction_date
    window to_date as (
        partition by written_off.invoice_id order by received.day, received.receipt_id rows unbounded preceding
    )
),

losses as (
    select * from written_off
    union all
    select * from recovered
)

select
    kind,
    source_id,
    evidence_ref,
    invoice_id,
    entity_id,
    currency,
    reduction_date,
    cast(gross_minor as bigint) as gross_minor,
    cast(tax_minor as bigint) as tax_minor
from reversals
union all
select
    losses.kind,
    losses.source_id,
    losses.evidence_ref,
    losses.invoice_id,
    losses.entity_id,
    losses.currency,
    losses.reduction_date,
    cast(losses.gross_minor as bigint) as gross_minor,
    coalesce({{ mul_div('losses.gross_minor', 'invoices.tax_minor', 'invoices.total_minor') }}, 0) as tax_minor
from losses
inner join invoices
    on losses.invoice_id = invoices.invoice_id
where losses.gross_minor <> 0
