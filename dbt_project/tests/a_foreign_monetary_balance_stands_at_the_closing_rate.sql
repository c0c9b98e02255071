{{ config(meta={'dagster': {'ref': {'name': 'remeasurement_entries'}}}) }}
-- After the month end each monetary balance in a foreign currency is worth exactly the closing rate. What the
-- processor converted on receipt is foreign no more.
with balances as (
    select
        lines.entity_id,
        lines.account_code,
        lines.currency,
        lines.functional_currency,
        months.period,
        sum(lines.amount_minor) as amount_minor,
        sum(lines.functional_minor) as functional_minor
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('accounts') }} as accounts
        on lines.account_code = accounts.account_code
    left join {{ ref('functional_amounts') }} as amounts
        on
            lines.entry_key = amounts.entry_key
            and lines.line_no = amounts.line_no
    inner join (select distinct period from {{ ref('ledger_entry_lines') }}) as months
        on lines.period <= months.period
    where
        accounts.is_monetary
        and lines.currency <> lines.functional_currency
        and not coalesce(amounts.is_converted, false)
    group by lines.entity_id, lines.account_code, lines.currency, lines.functional_currency, months.period
)

select balances.*
from balances
inner join {{ ref('exchange_rates') }} as rates
    on
        balances.currency = rates.currency
        and balances.functional_currency = rates.functional_currency
        and rates.rate_date = {{ add_days('least(' ~ add_months('balances.period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }}
where
    balances.functional_minor
    <> {{ mul_div('cast(balances.amount_minor as bigint)', 'rates.numerator', 'rates.denominator') }}
    and balances.entity_id not in (select entity_id from {{ ref('missing_rates') }})
