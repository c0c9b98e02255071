-- Revenue of each month, taken apart by what kind of amount it is: the month's own, the catch-up in it, late usage and other
-- amounts of earlier months, and what was taken back. Revenue positive. An entity counts from the month it joined.
{%- set item = ['entity_id', 'stream', 'customer_id', 'contract_id', 'obligation_id', 'currency', 'functional_currency', 'period'] %}
with revenue as (
    select
        postings.entity_id,
        coalesce(postings.stream, 'unassigned') as stream,
        postings.customer_id,
        postings.contract_id,
        postings.obligation_id,
        postings.currency,
        entities.functional_currency,
        postings.period,
        -postings.amount_minor as amount_minor,
        -postings.functional_minor as functional_minor,
        case
            when accounts.account_type = 'contra_revenue' then 'credits'
            when postings.economic_period = postings.period then 'own month'
            when coalesce(obligations.is_usage, false) or postings.stream in ('prepaid_credits', 'commit') then 'late usage'
            else 'catch-up'
        end as component
    from {{ ref('flux_postings') }} as postings
    inner join {{ ref('accounts') }} as accounts
        on postings.account_code = cast(accounts.account_code as varchar)
    inner join {{ ref('entities') }} as entities
        on postings.entity_id = entities.entity_id
    left join {{ ref('obligations') }} as obligations
        on postings.obligation_id = obligations.obligation_id
    where
        accounts.account_type in ('revenue', 'contra_revenue')
        -- Capacity sold to a sister is not revenue of the group's customers.
        and not accounts.is_intercompany
        and postings.period >= {{ month_start('entities.joined_on') }}
),

components as (
    select
        {{ item | join(', ') }},
        component,
        sum(amount_minor) as amount_minor,
        sum(functional_minor) as functional_minor
    from revenue
    group by {{ item | join(', ') }}, component
),

caught_up as (
    select obligation_id, period, sum(catch_up_minor) as catch_up_minor
    from {{ ref('revenue_schedule') }}
    where is_actual and catch_up_minor <> 0
    group by obligation_id, period
),

own as (
    select
        components.*,
        coalesce(caught_up.catch_up_minor, 0) as catch_up_minor,
        case
            when coalesce(caught_up.catch_up_minor, 0) = 0 then 0
            when components.currency = components.functional_currency then caught_up.catch_up_minor
            -- At the rate of the revenue it is part of.
            else coalesce({{ mul_div(
                'components.functional_minor * sign(components.amount_minor)', 'cast(caught_up.catch_up_minor as bigint)',
                'abs(components.amount_minor)'
            ) }}, 0)
        end as catch_up_functional_minor
    from components
    left join caught_up
        on components.obligation_id = caught_up.obligation_id and components.period = caught_up.period
    where components.component = 'own month'
),

parts as (
    select
        {{ item | join(', ') }},
        component,
        amount_minor - catch_up_minor as amount_minor,
        functional_minor - catch_up_functional_minor as functional_minor
    from own
    union all
    select
        {{ item | join(', ') }},
        'catch-up' as component,
        catch_up_minor as amount_minor,
        catch_up_functional_minor as functional_minor
    from own
    where catch_up_minor <> 0
    union all
    select
        {{ item | join(', ') }},
        component,
        amount_minor,
        functional_minor
    from components
    where component <> 'own month'
)

select
    {{ item | join(', ') }},
    component,
    cast(sum(amount_minor) as bigint) as amount_minor,
    cast(sum(functional_minor) as bigint) as functional_minor
from parts
group by {{ item | join(', ') }}, component
