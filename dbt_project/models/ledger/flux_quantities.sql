-- How much of an obligation a month delivered, in the unit its price is per: usage as metered; for what is ratable, quantity
-- times days of service. Whole millionths. Of usage that was partly posted in later months, a month has the part whose
-- revenue it carries: its price would seem lower otherwise.
with metered as (
    select
        obligation_id,
        period,
        sum({{ millionths('quantity') }}) as quantity_millionths
    from {{ ref('rated_usage_daily') }}
    group by obligation_id, period
),

carried as (
    select
        postings.obligation_id,
        postings.economic_period as period,
        sum(case when postings.period = postings.economic_period then -postings.amount_minor else 0 end) as own_minor,
        sum(-postings.amount_minor) as whole_minor
    from {{ ref('flux_postings') }} as postings
    inner join {{ ref('accounts') }} as accounts
        on postings.account_code = cast(accounts.account_code as varchar)
    where accounts.account_type = 'revenue'
    group by postings.obligation_id, postings.economic_period
),

usage as (
    select
        metered.obligation_id,
        metered.period,
        case
            when carried.own_minor between 0 and carried.whole_minor and carried.whole_minor > 0
                then {{ mul_div('metered.quantity_millionths', 'carried.own_minor', 'carried.whole_minor') }}
            else metered.quantity_millionths
        end as quantity_millionths
    from metered
    left join carried
        on metered.obligation_id = carried.obligation_id and metered.period = carried.period
),

terms as (
    select
        terms.obligation_id,
        terms.quantity,
        greatest(terms.valid_from, least(obligations.available_date, obligations.service_start_date)) as first_day,
        least(
            terms.valid_to,
            terms.service_end_date,
            coalesce(obligations.terminated_date, terms.service_end_date),
            {{ as_of_date() }}
        ) as end_day
    from {{ ref('obligation_terms') }} as terms
    inner join {{ ref('obligations') }} as obligations
        on terms.obligation_id = obligations.obligation_id
    where obligations.pattern in ('ratable_daily', 'ratable_monthly')
),

months as (
    select
        obligation_id,
        quantity,
        first_day,
        end_day,
        {{ each_month('first_day', add_days('end_day', -1)) }} as period
    from terms
    where first_day < end_day
),

served as (
    select
        obligation_id,
        period,
        sum(
            {{ millionths('quantity') }}
            * {{ days_between('greatest(first_day, period)', 'least(end_day, ' ~ add_months('period', 1) ~ ')') }}
        ) as quantity_millionths
    from months
    group by obligation_id, period
)

select obligation_id, period, cast(quantity_millionths as bigint) as quantity_millionths
from usage
union all
select obligation_id, period, cast(quantity_millionths as bigint) as quantity_millionths
from served
