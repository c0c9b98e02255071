-- What a functional currency is worth in the currency the group reports in, month by month: at the close, and on the average
-- of the days of the month. A month with a day that has no rate is not translated.
with currencies as (
    select distinct
        entities.functional_currency,
        policies.presentation_currency
    from {{ ref('entities') }} as entities
    cross join {{ ref('consolidation_policies') }} as policies
    where entities.functional_currency <> policies.presentation_currency
),

days as (
    select
        currencies.functional_currency,
        currencies.presentation_currency,
        {{ month_start('rates.rate_date') }} as period,
        rates.rate_date,
        rates.numerator,
        rates.denominator,
        rates.is_filled,
        {{ mul_div('cast(1000000000000 as bigint)', 'rates.numerator', 'rates.denominator') }} as scaled_rate
    from currencies
    inner join {{ ref('exchange_rates') }} as rates
        on
            currencies.functional_currency = rates.currency
            and currencies.presentation_currency = rates.functional_currency
),

averages as (
    select
        functional_currency,
        presentation_currency,
        period,
        sum(scaled_rate) as scaled_rate,
        count(*) as day_count,
        sum(case when is_filled then 1 else 0 end) as filled_days,
        max(rate_date) as closing_date
    from days
    group by functional_currency, presentation_currency, period
)

select
    averages.functional_currency,
    averages.presentation_currency,
    averages.period,
    averages.closing_date,
    {{ wide('days.numerator') }} as closing_numerator,
    {{ wide('days.denominator') }} as closing_denominator,
    {{ wide('averages.scaled_rate') }} as average_numerator,
    {{ wide('averages.day_count') }} * 1000000000000 as average_denominator,
    cast(averages.day_count as bigint) as day_count,
    cast(averages.filled_days as bigint) as filled_days
from averages
inner join days
    on
        averages.functional_currency = days.functional_currency
        and averages.presentation_currency = days.presentation_currency
        and averages.closing_date = days.rate_date
where
    averages.closing_date = {{ add_days('least(' ~ add_months('averages.period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }}
    and averages.day_count = {{ days_between('averages.period', 'averages.closing_date') }} + 1
