-- What was delivered of an obligation, day by day: usage to bill, commitments and credits drawn, milestones, options
-- exercised; measured by what the pattern counts, money or units.
with delivered as (
    select
        obligation_id,
        usage_date as day,
        billable_minor as delivered_minor,
        {{ millionths('quantity') }} as delivered_millionths
    from {{ ref('rated_usage_daily') }}
    union all
    select
        obligation_id,
        usage_date as day,
        drawn_minor as delivered_minor,
        0 as delivered_millionths
    from {{ ref('drawdowns') }}
    union all
    -- A milestone counts when it is completed; one still ahead is scheduled on the day it is due, an overdue one next.
    select
        obligation_id,
        case
            when completed_date < {{ as_of_date() }} then completed_date
            else greatest(coalesce(due_date, {{ as_of_date() }}), {{ as_of_date() }})
        end as day,
        amount_minor as delivered_minor,
        0 as delivered_millionths
    from {{ ref('milestones') }}
    union all
    select
        option_id as obligation_id,
        on_date as day,
        0 as delivered_minor,
        {{ millionths('units') }} as delivered_millionths
    from {{ ref('material_right_units') }}
    where kind = 'exercised' and on_date < {{ as_of_date() }}
)

select
    obligation_id,
    day,
    cast(sum(delivered_minor) as bigint) as delivered_minor,
    cast(sum(delivered_millionths) as bigint) as delivered_millionths
from delivered
group by obligation_id, day
