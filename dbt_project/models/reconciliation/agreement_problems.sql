-- What the domain models hold back or doubt of what entered: contracts that fail step 1, and invoices that credit notes
-- take more from than they billed.
with credited as (
    select
        invoice_id,
        sum(amount_minor + tax_minor) as credited_minor,
        max(issued_date) as last_issued_date
    from {{ ref('credit_note_lines') }}
    group by invoice_id
),

problems as (
    select
        'stripe:invoice:' || invoices.invoice_id as ref,
        'CREDIT_NOTE_ABOVE_INVOICE' as reason_code,
        invoices.entity_id,
        invoices.customer_id,
        cast(null as varchar) as contract_id,
        {{ month_start('credited.last_issued_date') }} as period,
        invoices.currency,
        credited.credited_minor - invoices.total_minor as amount_minor,
        'credit notes of invoice ' || coalesce(invoices.number, invoices.invoice_id) || ' exceed its total' as detail
    from credited
    inner join {{ ref('invoices') }} as invoices
        on credited.invoice_id = invoices.invoice_id
    where credited.credited_minor > invoices.total_minor
    union all
    select
        'salesforce:contract:' || contract_id as ref,
        'CONTRACT_NOT_COLLECTABLE' as reason_code,
        entity_id,
        customer_id,
        contract_id,
        {{ month_start('start_date') }} as period,
        currency,
        0 as amount_minor,
        'contract ' || coalesce(contract_number, contract_id) || ': what its customer pays is a deposit' as detail
    from {{ ref('contracts') }}
    where collectable_from >= {{ as_of_date() }} and start_date < {{ as_of_date() }}
)

select
    ref,
    reason_code,
    entity_id,
    customer_id,
    contract_id,
    period,
    currency,
    cast(amount_minor as bigint) as amount_minor,
    detail
from problems
