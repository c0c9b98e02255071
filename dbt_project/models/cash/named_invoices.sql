-- The invoices a wire's remittance text names, in the order named: invoices of the account's currency and entity. A number
-- that the account's entity never issued is another entity's invoice when only one entity issued it: money in the wrong account.
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

candidates as (
    select
        said.receipt_id,
        said.received_date,
        said.amount_minor as receipt_minor,
        said.entity_id as receiving_entity_id,
        said.currency,
        said.word_position,
        invoices.entity_id,
        invoices.invoice_id,
        invoices.customer_id,
        count(*) over (partition by said.receipt_id, said.word) as issued_count,
        sum(case when invoices.entity_id = said.entity_id then 1 else 0 end) over (
            partition by said.receipt_id, said.word
        ) as own_count
    from said
    inner join {{ ref('invoices') }} as invoices
        on
            said.word = upper(invoices.number)
            and said.currency = invoices.currency
),

named as (
    select *
    from candidates
    where entity_id = receiving_entity_id or (own_count = 0 and issued_count = 1)
)

select
    receipt_id,
    invoice_id,
    entity_id,
    receiving_entity_id,
    currency,
    customer_id,
    received_date,
    receipt_minor,
    row_number() over (
        partition by receipt_id
        order by word_position, invoice_id
    ) as position
from named
