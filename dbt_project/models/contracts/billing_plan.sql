-- What each fixed promise should be invoiced, and when: the first day of each period carries its even share.
-- A termination stops the periods that start on or after it.
with items as (
    select
        promised.*,
        promised.order_item_id as item_id,
        -- A change of an earlier item is billed as it says itself, for that item, and ends with it.
        coalesce(promised.changed_item_id, promised.order_item_id) as obligation_id,
        least(promised.terminated_date, changed.terminated_date) as ended_date
    from {{ ref('promised_items') }} as promised
    left join {{ ref('promised_items') }} as changed
        on promised.changed_item_id = changed.order_item_id
    where not promised.is_usage
),

fixed_items as (
    select
        *,
        case billing_frequency
            when 'monthly' then 1
            when 'quarterly' then 3
            when 'annual' then 12
        end as period_months
    from items
    where billing_frequency <> 'milestone'
),

candidate_periods as (
    select
        *,
        {{ each_number('0', "case when period_months is null then 0 else " ~ int_div(months_between('service_start_date', 'service_end_date'), 'period_months') ~ " end") }} as period_index
    from fixed_items
),

dated_periods as (
    select
        *,
        case
            when period_months is null then service_start_date
            else {{ add_months('service_start_date', 'period_index * period_months') }}
        end as period_start,
        case
            when period_months is null then service_end_date
            else least({{ add_months('service_start_date', '(period_index + 1) * period_months') }}, service_end_date)
        end as period_end
    from candidate_periods
),

periods as (
    select
        *,
        1 as even_weight
    from dated_periods
    where period_start < service_end_date
),

split as (
    {{ largest_remainder('periods', ['item_id'], ['period_index'], 'stated_price_minor', 'even_weight') }}
),

periodic as (
    select
        obligation_id,
        cast(row_number() over (partition by obligation_id order by period_start) as integer) as period_no,
        contract_id,
        entity_id,
        customer_id,
        currency,
        period_start,
        max(period_end) as period_end,
        cast(sum(part_minor) as bigint) as planned_minor,
        sum(quantity) as planned_quantity,
        min(ended_date) as terminated_date,
        cast(null as varchar) as milestone_id
    from split
    where
        ended_date is null
        or period_start < ended_date
    group by obligation_id, contract_id, entity_id, customer_id, currency, period_start
),

completed as (
    select
        obligations.obligation_id,
        cast(
            row_number() over (
                partition by obligations.obligation_id
                order by milestones.completed_date, milestones.milestone_id
            ) as integer
        ) as period_no,
        obligations.contract_id,
        obligations.entity_id,
        obligations.customer_id,
        obligations.currency,
        milestones.completed_date as period_start,
        {{ add_days('milestones.completed_date', 1) }} as period_end,
        milestones.amount_minor as planned_minor,
        obligations.quantity as planned_quantity,
        obligations.terminated_date,
        milestones.milestone_id
    from {{ ref('milestones') }} as milestones
    inner join {{ ref('obligations') }} as obligations using (obligation_id)
    where
        obligations.billing_frequency = 'milestone'
        and milestones.completed_date < {{ as_of_date() }}
        and (obligations.terminated_date is null or milestones.completed_date < obligations.terminated_date)
)

select
    *,
    {{ month_start('period_start') }} as period
from periodic

union all

select
    *,
    {{ month_start('period_start') }} as period
from completed
