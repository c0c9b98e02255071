-- What brings a promise up to the minimum that was agreed for each of its periods. A calendar week, month, quarter or year
-- that the service only touches is prorated by days; a period that starts with the service is always whole.
with minimums as (
    select
        obligations.obligation_id,
        obligations.contract_id,
        obligations.entity_id,
        obligations.customer_id,
        obligations.currency,
        obligations.service_start_date,
        coalesce(obligations.terminated_date, obligations.service_end_date) as ends_on,
        items.minimum_minor,
        items.minimum_period,
        coalesce(items.minimum_anchor, 'calendar') as minimum_anchor,
        case items.minimum_period when 'month' then 1 when 'quarter' then 3 when 'year' then 12 end as period_months,
        case
            when items.minimum_anchor = 'anniversary' then obligations.service_start_date
            when items.minimum_period = 'week' then cast(date_trunc('week', obligations.service_start_date) as date)
            when items.minimum_period = 'quarter' then cast(date_trunc('quarter', obligations.service_start_date) as date)
            when items.minimum_period = 'year' then cast(date_trunc('year', obligations.service_start_date) as date)
            else {{ month_start('obligations.service_start_date') }}
        end as first_start
    from {{ ref('obligations') }} as obligations
    inner join {{ ref('stg_salesforce__order_items') }} as items
        on obligations.obligation_id = items.order_item_id
    where items.minimum_minor > 0 and obligations.hold_reason is null
),

numbered as (
    select
        *,
        {{ each_number('0', "case when period_months is null then " ~ int_div(days_between('first_start', 'ends_on'), '7')
            ~ " else " ~ int_div(months_between('first_start', 'ends_on'), 'period_months') ~ " end") }} as period_index
    from minimums
),

whole as (
    select
        *,
        case
            when period_months is null then {{ add_days('first_start', 'period_index * 7') }}
            else {{ add_months('first_start', 'period_index * period_months') }}
        end as whole_start,
        case
            when period_months is null then {{ add_days('first_start', '(period_index + 1) * 7') }}
            else {{ add_months('first_start', '(period_index + 1) * period_months') }}
        end as whole_end
    from numbered
),

served as (
    select
        *,
        greatest(whole_start, service_start_date) as period_start,
        least(whole_end, ends_on) as period_end
    from whole
    where whole_start < ends_on
),

charged as (
    select
        served.obligation_id,
        served.period_index,
        sum(plan.planned_minor) as charged_minor
    from served
    inner join {{ ref('billing_plan') }} as plan
        on
            served.obligation_id = plan.obligation_id
            and served.period_start <= plan.period_start
            and served.period_end > plan.period_start
    group by served.obligation_id, served.period_index
),

compared as (
    select
        served.*,
        case
            when served.minimum_anchor = 'anniversary' then served.minimum_minor
            else
                {{ mul_div(
                    'served.minimum_minor',
                    days_between('served.period_start', 'served.period_end'),
                    days_between('served.whole_start', 'served.whole_end')
                ) }}
        end as prorated_minor,
        coalesce(charged.charged_minor, 0) as charged_minor
    from served
    left join charged
        on
            served.obligation_id = charged.obligation_id
            and served.period_index = charged.period_index
)

select
    obligation_id,
    period_start,
    period_end,
    {{ month_start('period_start') }} as period,
    contract_id,
    entity_id,
    customer_id,
    currency,
    cast(prorated_minor as bigint) as minimum_minor,
    cast(charged_minor as bigint) as charged_minor,
    cast(greatest(prorated_minor - charged_minor, 0) as bigint) as true_up_minor
from compared
