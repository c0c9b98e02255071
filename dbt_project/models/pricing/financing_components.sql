-- The significant financing component of an obligation (606-10-32-15 to 32-20), month by month: what was paid ahead bears
-- interest until the transfer, what is paid later from the transfer on. Compounded yearly, by days within a year.
{%- set years = var('financing_years') %}
with terms as (
    select
        obligations.obligation_id,
        obligations.contract_id,
        obligations.customer_id,
        obligations.entity_id,
        obligations.currency,
        obligations.booked_date,
        obligations.stated_price_minor,
        terms.payment_date <= obligations.service_start_date as is_advance,
        least(terms.payment_date, obligations.service_start_date) as starts_on,
        greatest(terms.payment_date, obligations.service_start_date) as ends_on,
        cast(terms.annual_rate * 1000000 as bigint) as rate_millionths,
        coalesce(terms.cash_price_minor, obligations.stated_price_minor) as balance_0
    from {{ ref('financing_terms') }} as terms
    inner join {{ ref('obligations') }} as obligations
        on terms.obligation_id = obligations.obligation_id
    where obligations.hold_reason is null
),
{% for year in range(years) %}
compounded_{{ year }} as (
    select
        *,
        balance_{{ year }} + {{ mul_div('balance_' ~ year, 'rate_millionths', '1000000') }} as balance_{{ year + 1 }}
    from {{ 'terms' if year == 0 else 'compounded_' ~ (year - 1) }}
),
{% endfor %}
financed_years as (
    {%- for year in range(years) %}
    {{ 'union all' if not loop.first }}
    select
        obligation_id,
        contract_id,
        customer_id,
        entity_id,
        currency,
        booked_date,
        stated_price_minor,
        is_advance,
        balance_0,
        starts_on,
        {{ add_months('starts_on', 12 * year) }} as year_start,
        {{ add_months('starts_on', 12 * (year + 1)) }} as year_end,
        ends_on,
        balance_{{ year + 1 }} - balance_{{ year }} as year_interest_minor
    from compounded_{{ years - 1 }}
    where {{ add_months('starts_on', 12 * year) }} < ends_on
    {%- endfor %}
),

bounded as (
    select
        *,
        least(year_end, ends_on) as last_day,
        {{ mul_div(
            'year_interest_minor', days_between('year_start', 'least(year_end, ends_on)'), days_between('year_start', 'year_end')
        ) }} as interest_minor
    from financed_years
),

months as (
    select
        *,
        {{ each_month('year_start', add_days('last_day', -1)) }} as period
    from bounded
),

weighed as (
    select
        *,
        {{ days_between('greatest(period, year_start)', 'least(' ~ add_months('period', 1) ~ ', last_day)') }} as days
    from months
),

parts as (
    {{ largest_remainder('weighed', ['obligation_id', 'year_start'], ['period'], 'interest_minor', 'days') }}
)

select
    obligation_id,
    contract_id,
    customer_id,
    entity_id,
    currency,
    period,
    is_advance,
    booked_date,
    stated_price_minor,
    balance_0 as cash_price_minor,
    -- Transfer and payment are more than a year apart: the practical expedient of 606-10-32-18 does not apply.
    max(case when {{ days_between('starts_on', 'ends_on') }} > 366 then 1 else 0 end) = 1 as is_significant,
    cast(sum(part_minor) as bigint) as interest_minor
from parts
group by
    obligation_id, contract_id, customer_id, entity_id, currency, period, is_advance, booked_date, stated_price_minor, balance_0
