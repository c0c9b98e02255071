-- A month of a usage promise as one charge: from what is known now, from what was known when the month was
-- invoiced, and from every delivery counted, so that an invoice made from any of them can be explained.
with days as (
    select * from {{ ref('rated_usage_daily') }}
),

months as (
    select
        obligation_id,
        period,
        contract_id,
        entity_id,
        customer_id,
        currency,
        cast(sum(quantity) as decimal(18, 6)) as quantity,
        cast(sum(raw_quantity) as decimal(18, 6)) as raw_quantity,
        cast(sum(quantity_at_invoicing) as decimal(18, 6)) as quantity_at_invoicing,
        cast(sum(rated_minor) as bigint) as rated_minor,
        cast(sum(commit_drawn_minor) as bigint) as commit_drawn_minor,
        cast(sum(promotional_minor) as bigint) as promotional_minor,
        cast(sum(credit_drawn_minor) as bigint) as credit_drawn_minor,
        cast(sum(billable_minor) as bigint) as billable_minor
    from days
    group by obligation_id, period, contract_id, entity_id, customer_id, currency
),

rated_at_invoicing as (
    {{ rated('months', ['obligation_id', 'period'], 'quantity_at_invoicing') }}
),

rated_raw as (
    {{ rated('months', ['obligation_id', 'period'], 'raw_quantity') }}
)

select
    months.obligation_id,
    months.period,
    months.contract_id,
    months.entity_id,
    months.customer_id,
    months.currency,
    months.quantity,
    months.raw_quantity,
    months.quantity_at_invoicing,
    months.rated_minor,
    coalesce(rated_at_invoicing.rated_minor, 0) as rated_at_invoicing_minor,
    coalesce(rated_raw.rated_minor, 0) as rated_raw_minor,
    months.commit_drawn_minor,
    months.promotional_minor,
    months.credit_drawn_minor,
    -- A commitment was invoiced already: only what exceeds it is due. Credits show in full and are applied by billing.
    months.rated_minor - months.commit_drawn_minor as expected_invoice_minor,
    months.billable_minor
from months
left join rated_at_invoicing using (obligation_id, period)
left join rated_raw using (obligation_id, period)
