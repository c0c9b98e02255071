-- What the drivers of a month have to explain: revenue net of contra revenue as the books carry it, or will, in the functional
-- currency of the entity, beside the month before and beside the plan known at the cut-off. Read off the postings, not off
-- the drivers.
with months as (
    select
        postings.entity_id,
        coalesce(postings.stream, 'unassigned') as stream,
        postings.period,
        sum(-postings.functional_minor) as revenue_minor
    from {{ ref('flux_postings') }} as postings
    inner join {{ ref('accounts') }} as accounts
        on postings.account_code = cast(accounts.account_code as varchar)
    inner join {{ ref('entities') }} as entities
        on postings.entity_id = entities.entity_id
    where
        accounts.account_type in ('revenue', 'contra_revenue')
        and not accounts.is_intercompany
        and postings.period >= {{ month_start('entities.joined_on') }}
    group by postings.entity_id, coalesce(postings.stream, 'unassigned'), postings.period
),

span as (
    select min(period) as first_period, {{ month_start(add_days(as_of_date(), -1)) }} as last_period
    from months
),

plans as (
    select * from {{ ref('revenue_plan_newest') }}
),

planned_months as (
    select distinct entity_id, period from plans
),

sides as (
    select entity_id, stream, period, 'prior_month' as comparison, 0 as base_minor, revenue_minor as current_minor
    from months
    union all
    select entity_id, stream, {{ add_months('period', 1) }} as period, 'prior_month' as comparison, revenue_minor as base_minor,
        0 as current_minor
    from months
    union all
    select months.entity_id, months.stream, months.period, 'plan' as comparison, 0 as base_minor, months.revenue_minor as current_minor
    from months
    inner join planned_months
        on months.entity_id = planned_months.entity_id and months.period = planned_months.period
    union all
    select entity_id, stream, period, 'plan' as comparison, plan_minor as base_minor, 0 as current_minor
    from plans
),

bases as (
    select period, max(basis) as basis from {{ ref('flux_postings') }}
    group by period
)

select
    sides.entity_id,
    sides.stream,
    sides.period,
    sides.comparison,
    entities.functional_currency as currency,
    coalesce(bases.basis, 'computed') as basis,
    cast(sum(sides.base_minor) as bigint) as base_minor,
    cast(sum(sides.current_minor) as bigint) as current_minor,
    cast(sum(sides.current_minor) - sum(sides.base_minor) as bigint) as change_minor
from sides
inner join span
    on
        sides.period <= span.last_period
        and (sides.comparison = 'plan' or sides.period > span.first_period)
inner join {{ ref('entities') }} as entities
    on sides.entity_id = entities.entity_id
left join bases
    on sides.period = bases.period
group by
    sides.entity_id, sides.stream, sides.period, sides.comparison, entities.functional_currency, coalesce(bases.basis, 'computed')
