-- What one minor unit of a currency is worth in a functional or presentation currency on each day, as a fraction: the rate of
-- the day, or the last one before it while the policy lets it serve; no row where it does not. A pair that nobody quotes is
-- taken the other way round, or through what both are quoted in.
with quoted as (
    select
        base_currency,
        quote_currency,
        rate_date,
        cast(rate * 100000000 as bigint) as scaled_rate,
        'fx:rate:' || cast(rate_date as varchar) || ':' || base_currency || ':' || quote_currency as evidence_ref
    from {{ ref('stg_fx__rates') }}
),

pairs as (
    select
        base_currency as currency,
        quote_currency as functional_currency,
        rate_date,
        1 as preference,
        scaled_rate as numerator,
        cast(100000000 as bigint) as denominator,
        evidence_ref,
        cast(null as varchar) as second_evidence_ref
    from quoted
    union all
    select
        quote_currency as currency,
        base_currency as functional_currency,
        rate_date,
        2 as preference,
        100000000 as numerator,
        scaled_rate as denominator,
        evidence_ref,
        null as second_evidence_ref
    from quoted
    union all
    select
        sold.base_currency as currency,
        bought.base_currency as functional_currency,
        sold.rate_date,
        3 as preference,
        sold.scaled_rate as numerator,
        bought.scaled_rate as denominator,
        sold.evidence_ref,
        bought.evidence_ref as second_evidence_ref
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
    where
        functional_currency in (select functional_currency from {{ ref('entities') }})
        or functional_currency in (select presentation_currency from {{ ref('consolidation_policies') }})
),

lasting as (
    select
        ranked.*,
        lag(ranked.rate_date) over (
            partition by ranked.currency, ranked.functional_currency order by ranked.rate_date
        ) is null as is_first,
        coalesce(
            lead(ranked.rate_date) over (partition by ranked.currency, ranked.functional_currency order by ranked.rate_date),
            {{ as_of_date() }}
        ) as replaced_date,
        {%- for days in ['max_age_days', 'open_month_days', 'days_before_first'] %}
        coalesce(own.{{ days }}, everybody.{{ days }}) as {{ days }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked
    left join {{ ref('exchange_rate_policies') }} as own
        on ranked.currency = own.currency
    left join {{ ref('exchange_rate_policies') }} as everybody
        on everybody.currency = '*'
    where ranked.rate_rank = 1
),

daily as (
    select
        *,
        -- Books that begin a few days before the first rate use it.
        {{ each_number("case when is_first then -days_before_first else 0 end", days_between('rate_date', 'replaced_date') ~ ' - 1') }}
            as days_after
    from lasting
),

dated as (
    select
        *,
        {{ add_days('rate_date', 'days_after') }} as valued_date
    from daily
)

select
    dated.currency,
    dated.functional_currency,
    dated.valued_date as rate_date,
    {{ wide('dated.numerator') }} * {{ minor_factor('functional.exponent') }} as numerator,
    {{ wide('dated.denominator') }} * {{ minor_factor('transacted.exponent') }} as denominator,
    dated.rate_date as quoted_date,
    dated.days_after <> 0 as is_filled,
    dated.evidence_ref,
    dated.second_evidence_ref
from dated
inner join {{ ref('currencies') }} as transacted
    on dated.currency = transacted.currency
inner join {{ ref('currencies') }} as functional
    on dated.functional_currency = functional.currency
where
    dated.days_after <= dated.max_age_days
    -- The rates of a month arrive when it is over: until then the last one known serves.
    or (
        dated.days_after <= dated.open_month_days
        and {{ add_months(month_start('dated.valued_date'), 1) }} > {{ as_of_date() }}
    )
