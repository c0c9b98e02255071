-- Lines of the entries for money on invoices that the books do not carry yet: a customer deposit from the day it came in
-- (606-10-25-8), applied to the receivable on the day the invoice is booked. Debit positive.
with early as (
    select
        applications.receipt_id,
        applications.invoice_id,
        applications.entity_id,
        applications.currency,
        applications.applied_date,
        applications.applied_minor,
        bookings.booked_date,
        invoices.customer_id
    from {{ ref('cash_applications') }} as applications
    inner join {{ ref('invoice_bookings') }} as bookings
        on applications.invoice_id = bookings.invoice_id
    inner join {{ ref('invoices') }} as invoices
        on applications.invoice_id = invoices.invoice_id
    where bookings.booked_date > applications.applied_date
),

moved as (
    select
        'deposit' as entry_type,
        'received before the contract counts: a deposit' as rule,
        applied_date as entry_date,
        early.applied_minor as moved_minor,
        early.*
    from early
    union all
    select
        'deposit_applied' as entry_type,
        'the invoice is booked: the deposit pays it' as rule,
        booked_date as entry_date,
        -early.applied_minor as moved_minor,
        early.*
    from early
)
{% for account, sign in [('1100', ''), ('2200', '-')] %}
{{ 'union all' if not loop.first }}
select
    entry_type || ':' || receipt_id || ':' || invoice_id as entry_key,
    entry_type,
    rule,
    entity_id,
    entry_date,
    currency,
    '{{ account }}' as account_code,
    cast(null as varchar) as obligation_id,
    cast(null as varchar) as contract_id,
    customer_id,
    invoice_id,
    receipt_id as evidence_ref,
    {{ sign }}moved_minor as amount_minor
from moved
{%- endfor %}
