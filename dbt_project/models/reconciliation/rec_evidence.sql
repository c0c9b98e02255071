-- Evidence that could not take part: orders, customers, records and files held back, each with its reason.
with problems as (
    select
        ref as left_ref,
        cast(null as varchar) as right_ref,
        reason_code,
        entity_id,
        customer_id,
        contract_id,
        period,
        currency,
        amount_minor,
        detail
    from {{ ref('evidence_problems') }}
),

unpriced as (
    select
        'salesforce:order_item:' || prices.obligation_id as left_ref,
        cast(null as varchar) as right_ref,
        allocations.hold_reason as reason_code,
        prices.entity_id,
        prices.customer_id,
        prices.contract_id,
        {{ month_start('prices.booked_date') }} as period,
        prices.currency,
        prices.stated_price_minor as amount_minor,
        case
            when allocations.hold_reason = 'OBLIGATION_WITHOUT_SSP'
                then prices.sku || ' has no standalone selling price in ' || prices.currency
            else 'what the others leave for it is outside the range of its selling price'
        end as detail
    from {{ ref('price_allocations') }} as allocations
    inner join {{ ref('transaction_prices') }} as prices
        on allocations.obligation_id = prices.obligation_id
    where allocations.hold_reason is not null
),

over_credited as (
    select
        'stripe:invoice:' || invoices.invoice_id as left_ref,
        cast(null as varchar) as right_ref,
        'CREDIT_NOTE_ABOVE_INVOICE' as reason_code,
        invoices.entity_id,
        invoices.customer_id,
        max(notes.contract_id) as contract_id,
        {{ month_start('max(notes.issued_date)') }} as period,
        invoices.currency,
        sum(notes.amount_minor + notes.tax_minor) - max(invoices.total_minor) as amount_minor,
        'credit notes take off more than the invoice' as detail
    from {{ ref('credit_note_lines') }} as notes
    inner join {{ ref('invoices') }} as invoices
        on notes.invoice_id = invoices.invoice_id
    group by invoices.invoice_id, invoices.entity_id, invoices.customer_id, invoices.currency
    having sum(notes.amount_minor + notes.tax_minor) > max(invoices.total_minor)
),

-- The processor's balance moved for a reason that we do not know: the amount waits in billing suspense.
processor_activity as (
    select
        cast(null as varchar) as left_ref,
        activity_ref as right_ref,
        'PROCESSOR_ACTIVITY_UNKNOWN' as reason_code,
        entity_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as contract_id,
        {{ month_start('moved_date') }} as period,
        currency,
        amount_minor,
        'processor activity: ' || type as detail
    from {{ ref('unknown_processor_activity') }}
),

missing_invoices as (
    select
        cast(null as varchar) as left_ref,
        'stripe:invoice:' || invoice_id as right_ref,
        'INVOICE_MISSING' as reason_code,
        entity_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as contract_id,
        cast(null as date) as period,
        currency,
        greatest(lines_minor, paid_minor) as amount_minor,
        'the invoice has not arrived, and its lines, payments or credit notes have' as detail
    from {{ ref('missing_invoices') }}
),

all_problems as (
    select * from problems
    union all
    select * from processor_activity
    union all
    select * from missing_invoices
    union all
    select * from unpriced
    union all
    select * from over_credited
    union all
    select
        left_ref, cast(null as varchar) as right_ref, reason_code, entity_id, customer_id, contract_id, period, currency,
        amount_minor, detail
    from {{ ref('engine_limits') }}
    union all
    select
        null as left_ref,
        'fx:rate:' || cast(rate_date as varchar) || ':' || currency || ':' || functional_currency as right_ref,
        'RATE_MISSING' as reason_code, entity_id, null as customer_id, null as contract_id,
        {{ month_start('rate_date') }} as period, currency, amount_minor, detail
    from {{ ref('missing_rates') }}
    union all
    select
        null as left_ref,
        'erp:trial_balance:' || entity_id || '|' || substr(cast(period as varchar), 1, 7)
        || '|' || account_code || '|' || currency as right_ref,
        'GL_AMOUNT_MISMATCH' as reason_code,
        entity_id,
        null as customer_id,
        null as contract_id,
        period,
        currency,
        amount_minor,
        'the trial balance moves by another amount than its journals' as detail
    from {{ ref('erp_imbalances') }}
)

select
    {{ rec_id(["'evidence'", 'reason_code', 'left_ref', 'right_ref', 'detail']) }} as rec_id,
    'evidence' as handoff,
    entity_id,
    customer_id,
    contract_id,
    period,
    currency,
    entity_id as right_entity_id,
    currency as right_currency,
    left_ref,
    right_ref,
    cast(coalesce(amount_minor, 0) as bigint) as left_minor,
    cast(0 as bigint) as right_minor,
    cast(coalesce(amount_minor, 0) as bigint) as difference_minor,
    'exception' as status,
    reason_code,
    'none' as match_method,
    coalesce(period, {{ add_days(as_of_date(), -1) }}) as seen_date,
    detail
from all_problems
