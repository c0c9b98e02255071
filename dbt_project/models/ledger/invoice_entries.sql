-- Lines of the entries that billing documents make: invoice, void, credit note. `amount_minor` is debit positive.
with invoices as (
    select
        invoices.*,
        bookings.booked_date
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('invoice_bookings') }} as bookings
        on invoices.invoice_id = bookings.invoice_id
),

charged as (
    select
        lines.invoice_line_id,
        lines.invoice_id,
        -- A line without an order, or of another entity or currency than its order, waits in suspense.
        case when lines.unmatched_reason is null then '2100' else '2350' end as account_code,
        case when lines.unmatched_reason is null then lines.obligation_id end as obligation_id,
        case when lines.unmatched_reason is null then lines.contract_id end as contract_id,
        lines.net_minor
    from {{ ref('invoice_lines') }} as lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
),

invoice_sides as (
    select
        invoice_id,
        '1100' as account_code,
        cast(null as varchar) as obligation_id,
        cast(null as varchar) as contract_id,
        'stripe:invoice:' || invoice_id as evidence_ref,
        total_minor - balance_applied_minor as amount_minor
    from invoices
    union all
    -- What the customer's credit balance paid.
    select
        invoice_id,
        '2250' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:invoice:' || invoice_id as evidence_ref,
        balance_applied_minor as amount_minor
    from invoices
    union all
    select
        invoice_id,
        account_code,
        obligation_id,
        contract_id,
        'stripe:invoice_line:' || invoice_line_id as evidence_ref,
        -net_minor as amount_minor
    from charged
    union all
    select
        invoice_id,
        '2500' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:invoice:' || invoice_id as evidence_ref,
        -tax_minor as amount_minor
    from invoices
),

credit_note_sides as (
    {%- for account, obligation, contract, amount in [
        (
            "case when unmatched_reason is null then '2100' else '2350' end",
            'case when unmatched_reason is null then obligation_id end',
            'case when unmatched_reason is null then contract_id end',
            'amount_minor',
        ),
        ("'2500'", 'null', 'null', 'tax_minor'),
        ("'1100'", 'null', 'null', '-(amount_minor + tax_minor)'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        credit_note_line_id,
        credit_note_id,
        invoice_id,
        entity_id,
        currency,
        issued_date,
        {{ account }} as account_code,
        {{ obligation }} as obligation_id,
        {{ contract }} as contract_id,
        {{ amount }} as amount_minor
    from {{ ref('credit_note_lines') }}
    {%- endfor %}
)

select
    'invoice:' || sides.invoice_id as entry_key,
    'invoice' as entry_type,
    'invoice finalised' as rule,
    invoices.entity_id,
    invoices.booked_date as entry_date,
    invoices.currency,
    sides.account_code,
    sides.obligation_id,
    sides.contract_id,
    invoices.customer_id,
    sides.invoice_id,
    sides.evidence_ref,
    sides.amount_minor
from invoice_sides as sides
inner join invoices
    on sides.invoice_id = invoices.invoice_id
union all
select
    'void:' || sides.invoice_id as entry_key,
    'void' as entry_type,
    'invoice voided' as rule,
    invoices.entity_id,
    greatest(invoices.voided_date, invoices.booked_date) as entry_date,
    invoices.currency,
    sides.account_code,
    sides.obligation_id,
    sides.contract_id,
    invoices.customer_id,
    sides.invoice_id,
    sides.evidence_ref,
    -sides.amount_minor as amount_minor
from invoice_sides as sides
inner join invoices
    on sides.invoice_id = invoices.invoice_id
where invoices.voided_date is not null
union all
select
    'credit_note:' || sides.credit_note_id as entry_key,
    'credit_note' as entry_type,
    'credit note issued' as rule,
    sides.entity_id,
    greatest(sides.issued_date, coalesce(invoices.booked_date, sides.issued_date)) as entry_date,
    sides.currency,
    sides.account_code,
    sides.obligation_id,
    sides.contract_id,
    invoices.customer_id,
    sides.invoice_id,
    'stripe:credit_note_line:' || sides.credit_note_line_id as evidence_ref,
    sides.amount_minor
from credit_note_sides as sides
-- A credit on an invoice that has not arrived reduces nothing yet.
inner join invoices
    on sides.invoice_id = invoices.invoice_id
