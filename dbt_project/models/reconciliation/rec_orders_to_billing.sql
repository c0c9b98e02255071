-- Each billing period of a fixed-price order item, and each true-up of a minimum, against the invoice lines that bill it.
with planned as (
    select * from {{ ref('planned_charges') }}
),

lines as (
    select
        lines.*,
        obligations.terminated_date,
        charges.charge_count,
        row_number() over (
            partition by lines.obligation_id, lines.period_start
            order by lines.finalized_date, lines.invoice_id, lines.invoice_line_id
        ) as billing_no
    from {{ ref('invoice_lines') }} as lines
    left join {{ ref('obligations') }} as obligations
        on lines.obligation_id = obligations.obligation_id
    left join (
        select obligation_id, period_start, count(*) as charge_count from planned
        group by obligation_id, period_start
    ) as charges
        on lines.obligation_id = charges.obligation_id and lines.period_start = charges.period_start
    where
        not lines.is_void
        and lines.finalized_date is not null
        and lines.line_kind <> 'usage'
),

paired as (
    select
        planned.obligation_id as planned_obligation_id,
        lines.invoice_line_id,
        coalesce(planned.entity_id, lines.entity_id) as entity_id,
        coalesce(planned.currency, lines.currency) as currency,
        coalesce(lines.entity_id, planned.entity_id) as right_entity_id,
        coalesce(lines.currency, planned.currency) as right_currency,
        coalesce(planned.customer_id, lines.customer_id) as customer_id,
        coalesce(planned.contract_id, lines.contract_id) as contract_id,
        coalesce(planned.period, lines.period) as period,
        coalesce(lines.finalized_date, planned.due_date) as seen_date,
        planned.planned_minor,
        planned.planned_quantity,
        lines.amount_minor,
        lines.quantity,
        lines.match_method,
        lines.unmatched_reason,
        case
            when lines.invoice_line_id is null then 'ORDER_NOT_BILLED'
            when lines.unmatched_reason = 'wrong_entity' then 'BILLED_WRONG_ENTITY'
            when lines.unmatched_reason = 'wrong_currency' then 'BILLED_WRONG_CURRENCY'
            when lines.obligation_id is null then 'BILLED_WITHOUT_ORDER'
            when lines.billing_no > greatest(coalesce(lines.charge_count, 0), 1) then 'BILLED_TWICE'
            when lines.period_start >= lines.terminated_date then 'BILLED_AFTER_TERMINATION'
            when planned.obligation_id is null then 'BILLED_WITHOUT_ORDER'
            when planned.planned_minor = lines.amount_minor then null
            when planned.planned_quantity <> lines.quantity then 'BILLED_QUANTITY_MISMATCH'
            else 'BILLED_PRICE_MISMATCH'
        end as reason_code
    from planned
    full outer join lines
        on
            planned.obligation_id = lines.obligation_id
            and planned.period_start = lines.period_start
            and planned.charge_no = lines.billing_no
    where coalesce(planned.is_expected, false) or lines.invoice_line_id is not null
)

select
    {{ rec_id(["'orders_to_billing'", 'planned_obligation_id', 'period', 'seen_date', 'invoice_line_id']) }} as rec_id,
    'orders_to_billing' as handoff,
    entity_id,
    customer_id,
    contract_id,
    period,
    currency,
    right_entity_id,
    right_currency,
    'salesforce:order_item:' || planned_obligation_id as left_ref,
    'stripe:invoice_line:' || invoice_line_id as right_ref,
    cast(coalesce(planned_minor, 0) as bigint) as left_minor,
    cast(coalesce(amount_minor, 0) as bigint) as right_minor,
    -- Amounts of two entities or currencies do not subtract: the right side then counts where it was billed.
    cast(
        coalesce(planned_minor, 0)
        - case
            when entity_id = right_entity_id and currency = right_currency then coalesce(amount_minor, 0) else 0
        end as bigint
    ) as difference_minor,
    case when reason_code is null then 'matched' else 'exception' end as status,
    reason_code,
    coalesce(match_method, 'none') as match_method,
    seen_date
from paired
