-- What one minor unit of a currency is worth in an entity's functional currency on each day, as a fraction: the rate of the
-- day, or the last one before it. A pair that nobody quotes is taken the other way round, or through what both are quoted in.
with quoted as (
    select
        base_currency,
        quote_currency,
        rate_date,
        cast(rate * 100000000 as bigint) as scaled_rate
    from {{ ref('stg_fx__rates') }}
),

pairs as (
    select
        base_currency as currency,
        quote_currency as functional_currency,
        rate_date,
        1 as preference,
        scaled_rate as numerator,
        cast(100000000 as bigint) as denominator
    from quoted
    union all
    select
        quote_currency as currency,
        base_currency as functional_currency,
        rate_date,
        2 as preference,
        100000000 as numerator,
        scaled_rate as denominator
    from quoted
    union all
    select
        sold.base_currency as currency,
        bought.base_currency as functional_currency,
        sold.rate_date,
        3 as preference,
        sold.scaled_rate as numerator,
        bought.scaled_rate as denominator
    from quoted as sold
    inner join quoted as bought
        on
            sold.quote_currency = bought.quote_currency
            and sold.rate_date = bought.rate_date
            and sold.base_currency <> bought.base_currency
),

ranked as (
    select
        *,
        row_number() over (
            partition by currency, functional_currency, rate_date order by preference, denominator, numerator
        ) as rate_rank
    from pairs
    where functional_currency in (select functional_currency from {{ ref('entities') }})
),

lasting as (
    select
        *,
        lag(rate_date) over (partition by currency, functional_currency order by rate_date) is null as is_first,
        coalesce(
            lead(rate_date) over (partition by currency, functional_currency order by rate_date), {{ as_of_date() }}
        ) as replaced_date
    from ranked
    where rate_rank = 1
),

daily as (
    select
        *,
        -- Books that begin a few days before the first rate use it.
        {{ each_number("case when is_first then -31 else 0 end", days_between('rate_date', 'replaced_date') ~ ' - 1') }} as days_after
    from lasting
)

select
    daily.currency,
    daily.functional_currency,
    {{ add_days('daily.rate_date', 'daily.days_after') }} as rate_date,
    {{ wide('daily.numerator') }} * {{ minor_factor('functional.exponent') }} as numerator,
    {{ wide('daily.denominator') }} * {{ minor_factor('transacted.exponent') }} as denominator
from daily
inner join {{ ref('currencies') }} as transacted
    on daily.currency = transacted.currency
inner join {{ ref('currencies') }} as functional
    on daily.functional_currency = functional.currency
