-- Lines of the month-end entries that bring what is held in a foreign currency to the closing rate (830-20-35-1): balance at
-- the closing rate less what it is carried at, less what earlier months brought. A balance that is gone is worth nothing, so
-- what was unrealised of it goes back by the same subtraction. Accounts that are not monetary (830-10-45-18) keep their
-- historical rates; of them, contract by contract, only what is left of a balance that is gone is cleared.
with moved as (
    select
        booked.entity_id,
        booked.account_code,
        booked.currency,
        amounts.functional_currency,
        accounts.is_monetary,
        case when not accounts.is_monetary then booked.contract_id end as contract_id,
        booked.period,
        sum(booked.amount_minor) as amount_minor,
        sum(amounts.functional_minor) as functional_minor
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('functional_amounts') }} as amounts
        on
            booked.entry_key = amounts.entry_key
            and booked.line_no = amounts.line_no
    inner join {{ ref('accounts') }} as accounts
        on booked.account_code = accounts.account_code
    where
        booked.currency <> amounts.functional_currency
        and not amounts.is_converted
        and accounts.account_type in ('asset', 'contra_asset', 'liability')
    group by
        booked.entity_id,
        booked.account_code,
        booked.currency,
        amounts.functional_currency,
        accounts.is_monetary,
        case when not accounts.is_monetary then booked.contract_id end,
        booked.period
),

held as (
    select
        entity_id,
        account_code,
        currency,
        functional_currency,
        is_monetary,
        contract_id,
        {{ each_month('min(period)', add_days(as_of_date(), -1)) }} as period
    from moved
    group by entity_id, account_code, currency, functional_currency, is_monetary, contract_id
),

balances as (
    select
        held.*,
        {{ add_days('least(' ~ add_months('held.period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as closing_date,
        {%- for amount in ['amount', 'functional'] %}
        sum(coalesce(moved.{{ amount }}_minor, 0)) over (
            partition by held.entity_id, held.account_code, held.currency, held.contract_id order by held.period
        ) as {{ amount }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from held
    left join moved
        on
            held.entity_id = moved.entity_id
            and held.account_code = moved.account_code
            and held.currency = moved.currency
            and held.contract_id is not distinct from moved.contract_id
            and held.period = moved.period
),

adjusted as (
    select
        balances.*,
        coalesce(rates.evidence_ref, 'fx:rate:' || cast(balances.closing_date as varchar) || ':'
        || balances.currency || ':' || balances.functional_currency) as evidence_ref,
        case
            when balances.amount_minor = 0 then 0
            else {{ mul_div('cast(balances.amount_minor as bigint)', 'rates.numerator', 'rates.denominator') }}
        end - balances.functional_minor as adjustment_minor
    from balances
    left join {{ ref('exchange_rates') }} as rates
        on
            balances.currency = rates.currency
            and balances.functional_currency = rates.functional_currency
            and balances.closing_date = rates.rate_date
    where balances.is_monetary or balances.amount_minor = 0
),

changed as (
    select
        *,
        adjustment_minor - coalesce(
            lag(adjustment_minor) over (partition by entity_id, account_code, currency, contract_id order by period), 0
        ) as change_minor
    from adjusted
)
{% for account, rule, sign in [
    ('account_code', "case when is_monetary then 'foreign balance at the closing rate' else 'exchange difference of a balance that is gone' end", ''),
    ("'7010'", "'unrealised exchange difference'", '-'),
] %}
{{ 'union all' if not loop.first }}
select
    'remeasurement:' || entity_id || '|' || account_code || '|' || currency || '|' || substr(cast(period as varchar), 1, 7)
    || coalesce('|' || contract_id, '') as entry_key,
    {{ loop.index }} as line_no,
    'remeasurement' as entry_type,
    {{ rule }} as rule,
    entity_id,
    closing_date as entry_date,
    period,
    currency,
    {{ account }} as account_code,
    functional_currency,
    cast({{ sign }}change_minor as bigint) as functional_minor,
    contract_id,
    evidence_ref,
    entity_id || '|' || substr(cast(period as varchar), 1, 7) || '|remeasurement|' || currency as posting_key
from changed
-- Without a rate the amount is not known: the entry stands, and nothing can be posted over it.
where change_minor is distinct from 0
{%- endfor %}
