-- The balances of each entity in the currency the group reports in (830-30-45-3): what it holds and owes at the closing rate,
-- its result at the average rate of each month, its equity at the rate of the day it came in. What these rates differ by is
-- the translation adjustment of the entity. From a month without a rate on, nothing is translated: missing_rates says why.
with flows as (
    select
        basis,
        entity_id,
        functional_currency,
        presentation_currency,
        account_code,
        period,
        sum(functional_minor) as functional_minor,
        case when count(*) = count(presented_minor) then sum(presented_minor) end as flow_minor,
        sum(case when movement = 'acquired' then presented_minor else 0 end) as acquired_minor
    from {{ ref('group_movements') }}
    group by basis, entity_id, functional_currency, presentation_currency, account_code, period
),

spans as (
    select
        basis,
        case when basis = 'as_recast' then {{ month_start(add_days(as_of_date(), -1)) }} else max(period) end as last_period
    from flows
    group by basis
),

months as (
    select
        flows.basis,
        flows.entity_id,
        flows.functional_currency,
        flows.presentation_currency,
        flows.account_code,
        {{ each_month('min(flows.period)', 'max(spans.last_period)') }} as period
    from flows
    inner join spans
        on flows.basis = spans.basis
    group by flows.basis, flows.entity_id, flows.functional_currency, flows.presentation_currency, flows.account_code
),

running as (
    select
        months.*,
        case when flows.period is null then 0 else flows.flow_minor end as flow_minor,
        coalesce(flows.acquired_minor, 0) as acquired_minor,
        flows.period is not null and flows.flow_minor is null as is_unknown,
        {%- for amount in ['functional', 'flow'] %}
        cast(
            sum(coalesce(flows.{{ amount }}_minor, 0)) over (
                partition by months.basis, months.entity_id, months.account_code order by months.period
            ) as bigint
        ) as closing_{{ amount }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from months
    left join flows
        on
            months.basis = flows.basis
            and months.entity_id = flows.entity_id
            and months.account_code = flows.account_code
            and months.period = flows.period
),

valued as (
    select
        running.*,
        case
            when running.is_unknown then null
            when running.functional_currency = running.presentation_currency then running.closing_functional_minor
            when rates.period is null then null
            when accounts.account_type in ('asset', 'contra_asset', 'liability')
                then {{ mul_div('running.closing_functional_minor', 'rates.closing_numerator', 'rates.closing_denominator') }}
            else running.closing_flow_minor
        end as closing_minor
    from running
    inner join {{ ref('accounts') }} as accounts
        on running.account_code = accounts.account_code
    left join {{ ref('translation_rates') }} as rates
        on
            running.functional_currency = rates.functional_currency
            and running.presentation_currency = rates.presentation_currency
            and running.period = rates.period
),

known as (
    select *
    from valued
    where
        not exists (
            select 1
            from valued as gap
            where gap.closing_minor is null and gap.basis = valued.basis and gap.period <= valued.period
        )
),

adjusted as (
    select
        basis,
        entity_id,
        functional_currency,
        presentation_currency,
        account_code,
        period,
        closing_functional_minor,
        closing_minor,
        flow_minor,
        acquired_minor
    from known
    union all
    select
        known.basis,
        known.entity_id,
        known.functional_currency,
        known.presentation_currency,
        policies.translation_account as account_code,
        known.period,
        0 as closing_functional_minor,
        -sum(known.closing_minor) as closing_minor,
        -- What the rounding of each account leaves of what came with the entity.
        -sum(known.acquired_minor) as flow_minor,
        -sum(known.acquired_minor) as acquired_minor
    from known
    cross join {{ ref('consolidation_policies') }} as policies
    group by
        known.basis, known.entity_id, known.functional_currency, known.presentation_currency, policies.translation_account,
        known.period
)

select
    basis,
    entity_id,
    account_code,
    period,
    functional_currency,
    presentation_currency as currency,
    cast(closing_functional_minor as bigint) as closing_functional_minor,
    cast(coalesce(lag(closing_minor) over running_months, 0) as bigint) as opening_minor,
    cast(acquired_minor as bigint) as acquired_minor,
    cast(flow_minor - acquired_minor as bigint) as flow_minor,
    cast(closing_minor - coalesce(lag(closing_minor) over running_months, 0) - flow_minor as bigint) as translation_minor,
    cast(closing_minor as bigint) as closing_minor
from adjusted
window running_months as (partition by basis, entity_id, account_code order by period)
