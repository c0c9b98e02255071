-- A row with a fill is the rate of an earlier day (or of the first one) that serves by the rate policy.
select
    cast(rates.currency as varchar) as currency,
    cast(rates.functional_currency as varchar) as quote_currency,
    cast(rates.rate_date as date) as rate_date,
    cast(rates.quoted_date as date) as quoted_date,
    cast(rates.is_filled as boolean) as is_filled,
    cast({{ days_between('rates.quoted_date', 'rates.rate_date') }} as bigint) as age_days,
    -- Units of the quote currency for one of the other, half to even.
    cast(
        cast(
            {{ mul_div('cast(100000000 as bigint)', 'rates.numerator * ' ~ minor_factor('transacted.exponent'),
                'rates.denominator * ' ~ minor_factor('quoted.exponent')) }} as decimal(18, 0)
        ) * cast(0.00000001 as decimal(9, 8)) as decimal(28, 8)
    ) as rate,
    cast(rates.evidence_ref as varchar) as evidence_ref,
    cast(rates.second_evidence_ref as varchar) as second_evidence_ref
from {{ ref('exchange_rates') }} as rates
inner join {{ ref('currencies') }} as transacted
    on rates.currency = transacted.currency
inner join {{ ref('currencies') }} as quoted
    on rates.functional_currency = quoted.currency
