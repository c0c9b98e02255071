with lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
    where not is_deleted
),

dated as (
    select
        invoice_line_id,
        invoice_id,
        entity_id,
        currency,
        description,
        metadata_quantity,
        quantity,
        amount_minor,
        credits_applied_minor,
        tax_minor,
        metadata_billing_period is not null as states_period,
        coalesce(metadata_billing_period, metadata_usage_month, cast(period_start_at as date)) as period_start,
        cast(period_end_at as date) as period_end
    from lines
),

missing as (
    select distinct invoice_id from {{ ref('missing_invoices') }}
),

matched as (
    select
        matches.*,
        obligations.contract_id,
        obligations.customer_id,
        obligations.entity_id as obligation_entity_id,
        obligations.currency as obligation_currency,
        obligations.is_usage
    from {{ ref('line_matches') }} as matches
    left join {{ ref('obligations') }} as obligations using (obligation_id)
)

select
    dated.invoice_line_id,
    dated.invoice_id,
    -- A line whose invoice has not arrived bills nobody yet.
    case when missing.invoice_id is null then matched.obligation_id end as obligation_id,
    case when missing.invoice_id is null then matched.contract_id end as contract_id,
    coalesce(matched.customer_id, invoices.customer_id) as customer_id,
    dated.entity_id,
    dated.currency,
    case
        when missing.invoice_id is not null or matched.obligation_id is null then 'unmatched'
        -- A line that states its billing period bills no usage, but what a minimum was missed by.
        when matched.is_usage and not dated.states_period then 'usage'
        else 'fixed'
    end as line_kind,
    matched.match_method,
    matched.match_confidence,
    case
        when missing.invoice_id is not null then 'invoice_missing'
        when matched.obligation_id is null then 'no_order'
        when dated.entity_id <> matched.obligation_entity_id then 'wrong_entity'
        when dated.currency <> matched.obligation_currency then 'wrong_currency'
    end as unmatched_reason,
    matched.claimed_order_item_id,
    dated.description,
    {{ month_start('dated.period_start') }} as period,
    dated.period_start,
    dated.period_end,
    coalesce(dated.metadata_quantity, cast(dated.quantity as decimal(18, 6))) as quantity,
    dated.amount_minor,
    dated.credits_applied_minor,
    dated.amount_minor - dated.credits_applied_minor as net_minor,
    dated.tax_minor,
    invoices.finalized_date,
    invoices.voided_date,
    invoices.voided_date is not null as is_void
from dated
inner join matched using (invoice_line_id)
left join {{ ref('invoices') }} as invoices using (invoice_id)
left join missing using (invoice_id)
-- Lines of a draft are no lines yet.
where invoices.invoice_id is not null or missing.invoice_id is not null
