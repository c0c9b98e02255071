-- Each month of a usage order item as metered and rated against the invoice lines that bill it; usage that could
-- not be rated stands with no amount and its reason, and credits that an invoice withheld with what is at stake.
with charges as (
    select
        *,
        {{ add_months('period', 1) }} as invoice_date,
        -- The first line that bills the month is its pair.
        1 as pair_no
    from {{ ref('usage_charges') }}
),

lines as (
    select
        lines.*,
        row_number() over (
            partition by lines.obligation_id, lines.period
            order by lines.finalized_date, lines.invoice_id, lines.invoice_line_id
        ) as billing_no
    from {{ ref('invoice_lines') }} as lines
    where lines.line_kind = 'usage' and not lines.is_void and lines.finalized_date is not null
),

paired as (
    select
        charges.obligation_id as charged_obligation_id,
        lines.invoice_line_id,
        coalesce(charges.entity_id, lines.entity_id) as entity_id,
        coalesce(charges.currency, lines.currency) as currency,
        coalesce(lines.entity_id, charges.entity_id) as right_entity_id,
        coalesce(lines.currency, charges.currency) as right_currency,
        coalesce(charges.customer_id, lines.customer_id) as customer_id,
        coalesce(charges.contract_id, lines.contract_id) as contract_id,
        coalesce(charges.period, lines.period) as period,
        coalesce(lines.finalized_date, least(charges.invoice_date, {{ add_days(as_of_date(), -1) }})) as seen_date,
        coalesce(charges.expected_invoice_minor, 0) as expected_minor,
        coalesce(lines.amount_minor, 0) as amount_minor,
        lines.match_method,
        case
            when lines.unmatched_reason = 'wrong_entity' then 'BILLED_WRONG_ENTITY'
            when lines.unmatched_reason = 'wrong_currency' then 'BILLED_WRONG_CURRENCY'
            when lines.billing_no > 1 then 'BILLED_TWICE'
            when coalesce(charges.expected_invoice_minor, 0) = coalesce(lines.amount_minor, 0) then null
            when lines.invoice_line_id is null and charges.invoice_date >= {{ as_of_date() }} then 'USAGE_NOT_YET_INVOICED'
            -- Nothing was known when the invoice was made: it came later.
            when lines.invoice_line_id is null and charges.rated_at_invoicing_minor = 0 then 'USAGE_LATE'
            when lines.invoice_line_id is null then 'USAGE_NOT_BILLED'
            when
                charges.obligation_id is null
                or greatest(charges.quantity, charges.raw_quantity, charges.quantity_at_invoicing) = 0
                then 'BILLED_WITHOUT_USAGE'
            when lines.quantity = charges.quantity then 'USAGE_RATE_MISMATCH'
            when lines.quantity = charges.raw_quantity and charges.raw_quantity <> charges.quantity_at_invoicing
                then 'USAGE_DUPLICATE_BILLED'
            when lines.quantity = charges.quantity_at_invoicing and charges.quantity > charges.quantity_at_invoicing
                then 'USAGE_LATE'
            when lines.quantity = charges.quantity_at_invoicing then 'USAGE_CORRECTED_AFTER_INVOICE'
            else 'USAGE_RATE_MISMATCH'
        end as reason_code
    from charges
    full outer join lines
        on
            charges.obligation_id = lines.obligation_id
            and charges.period = lines.period
            and charges.pair_no = lines.billing_no
),

unrated as (
    select
        usage.*,
        customers.entity_id,
        customers.currency
    from {{ ref('unrated_usage') }} as usage
    left join {{ ref('customers') }} as customers
        on usage.customer_id = customers.customer_id
)

select
    {{ rec_id(["'usage_to_invoices'", 'charged_obligation_id', 'period', 'invoice_line_id']) }} as rec_id,
    'usage_to_invoices' as handoff,
    entity_id,
    customer_id,
    contract_id,
    period,
    currency,
    right_entity_id,
    right_currency,
    'salesforce:order_item:' || charged_obligation_id as left_ref,
    'stripe:invoice_line:' || invoice_line_id as right_ref,
    cast(expected_minor as bigint) as left_minor,
    cast(amount_minor as bigint) as right_minor,
    cast(
        expected_minor
        - case when entity_id = right_entity_id and currency = right_currency then amount_minor else 0 end as bigint
    ) as difference_minor,
    cast(abs(
        expected_minor
        - case when entity_id = right_entity_id and currency = right_currency then amount_minor else 0 end
    ) as bigint) as absolute_minor,
    case
        when reason_code is null then 'matched'
        when reason_code = 'USAGE_NOT_YET_INVOICED' then 'timing'
        else 'exception'
    end as status,
    reason_code,
    coalesce(match_method, 'none') as match_method,
    seen_date
from paired
union all
select
    {{ rec_id(["'unrated_usage'", 'tenant_id', 'sku', 'period']) }} as rec_id,
    'usage_to_invoices' as handoff,
    entity_id,
    customer_id,
    null as contract_id,
    period,
    currency,
    entity_id as right_entity_id,
    currency as right_currency,
    'metering:usage:' || tenant_id || '|' || sku as left_ref,
    null as right_ref,
    cast(0 as bigint) as left_minor,
    cast(0 as bigint) as right_minor,
    cast(0 as bigint) as difference_minor,
    cast(0 as bigint) as absolute_minor,
    'exception' as status,
    reason_code,
    'none' as match_method,
    period as seen_date
from unrated
union all
select
    {{ rec_id(["'withheld_credits'", 'contract_id', 'period']) }} as rec_id,
    'usage_to_invoices' as handoff,
    entity_id, customer_id, contract_id, period, currency,
    entity_id as right_entity_id, currency as right_currency,
    'salesforce:order_item:' || obligation_id as left_ref,
    'stripe:invoice_line:' || invoice_line_id as right_ref,
    -- The line stands in its own row, before credits.
    cast(0 as bigint) as left_minor, cast(0 as bigint) as right_minor, cast(0 as bigint) as difference_minor,
    withheld_minor as absolute_minor,
    'exception' as status,
    'CREDITS_NOT_APPLIED' as reason_code,
    'none' as match_method,
    finalized_date as seen_date
from {{ ref('withheld_credits') }}
