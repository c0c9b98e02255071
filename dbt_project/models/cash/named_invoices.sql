-- The invoices a wire's remittance text names, in the order named. Only an invoice of the account's entity and
-- currency can be paid by it.
with wires as (
    select
        bank_transaction_ref as receipt_id,
        entity_id,
        currency,
        booked_date as received_date,
        amount_minor,
        {{ words('upper(reference_text)') }} as words
    from {{ ref('bank_transactions') }}
    where kind = 'customer_receipt'
),

positions as (
    select
        *,
        {{ each_number('1', list_length('words')) }} as word_position
    from wires
),

said as (
    select
        receipt_id,
        entity_id,
        currency,
        received_date,
        amount_minor,
        {{ list_entry('words', 'word_position') }} as word,
        min(word_position) as word_position
    from positions
    group by all
),

named as (
    select
        said.receipt_id,
        said.received_date,
        said.amount_minor as receipt_minor,
        said.entity_id,
        said.currency,
        said.word_position,
        invoices.invoice_id,
        invoices.customer_id
    from said
    inner join {{ ref('invoices') }} as invoices
        on
            said.word = upper(invoices.number)
            and said.entity_id = invoices.entity_id
            and said.currency = invoices.currency
)

select
    receipt_id,
    invoice_id,
    entity_id,
    currency,
    customer_id,
    received_date,
    receipt_minor,
    row_number() over (
        partition by receipt_id
        order by word_position, invoice_id
    ) as position
from named
