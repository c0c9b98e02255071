-- What should be invoiced beside usage: each period of a fixed promise, and what a minimum commitment was missed by, due when
-- its period is over. The lines of an obligation and period pair with its charges in order: the price, then the true-up.
with charges as (
    select
        plan.obligation_id,
        'price' as charge_kind,
        plan.period_start,
        plan.period_start as due_date,
        plan.planned_minor,
        plan.planned_quantity
    from {{ ref('billing_plan') }} as plan
    union all
    select
        obligation_id,
        'true_up' as charge_kind,
        period_start,
        period_end as due_date,
        true_up_minor as planned_minor,
        cast(null as decimal(18, 6)) as planned_quantity
    from {{ ref('true_ups') }}
    where true_up_minor > 0
),

numbered as (
    select
        charges.*,
        obligations.contract_id,
        obligations.customer_id,
        obligations.entity_id,
        obligations.currency,
        row_number() over (
            partition by charges.obligation_id, charges.period_start order by charges.charge_kind
        ) as charge_no
    from charges
    inner join {{ ref('obligations') }} as obligations
        on charges.obligation_id = obligations.obligation_id
    where charges.charge_kind = 'true_up' or not obligations.is_usage
),

billed as (
    select
        obligation_id,
        period_start,
        count(*) as line_count
    from {{ ref('invoice_lines') }}
    where finalized_date is not null and not is_void and line_kind <> 'usage'
    group by obligation_id, period_start
)

select
    numbered.obligation_id,
    numbered.charge_kind,
    numbered.charge_no,
    numbered.contract_id,
    numbered.customer_id,
    numbered.entity_id,
    numbered.currency,
    numbered.period_start,
    {{ month_start('numbered.period_start') }} as period,
    numbered.due_date,
    cast(numbered.planned_minor as bigint) as planned_minor,
    numbered.planned_quantity,
    -- What is due after the cut-off takes part once it is billed.
    numbered.due_date < {{ as_of_date() }} or numbered.charge_no <= coalesce(billed.line_count, 0) as is_expected
from numbered
left join billed
    on numbered.obligation_id = billed.obligation_id and numbered.period_start = billed.period_start
