-- How much of an obligation a month delivered, in the unit its price is per: usage as metered; for what is ratable, quantity
-- times days of service. Whole millionths.
with usage as (
    select
        obligation_id,
        period,
        sum({{ millionths('quantity') }}) as quantity_millionths
    from {{ ref('rated_usage_daily') }}
    group by obligation_id, period
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
