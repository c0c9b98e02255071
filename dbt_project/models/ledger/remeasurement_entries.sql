-- Lines of the month-end entries that bring what is held in a foreign currency to its value at the closing rate (830-20-35-1):
-- that value less what it is carried at, less what earlier months brought. A balance that is gone is worth nothing, so what was
-- unrealised of it goes back by the same subtraction. What is not monetary (830-10-45-18) keeps its historical rates: deferred
-- revenue those of the last that was billed, anything else what it is carried at while there is a balance.
with layered as (
    select
        balances.*,
        -- What was billed and is earned, and all that was billed: deferred is what lies between.
        cast(
            balances.billed_minor - greatest(least(-balances.amount_minor, balances.billed_minor), 0) as bigint
        ) as earned_minor
    from {{ ref('foreign_balances') }} as balances
),

adjusted as (
    select
        layered.*,
        coalesce(rates.evidence_ref, 'fx:rate:' || cast(layered.closing_date as varchar) || ':'
        || layered.currency || ':' || layered.functional_currency) as evidence_ref,
        case
            when layered.amount_minor = 0 then 0
            when layered.account_code = '2100' and -layered.amount_minor between 1 and layered.billed_minor
                then {{ layer_value('layered.earned_minor', 'earned') }} - {{ layer_value('layered.billed_minor', 'billed') }}
            else {{ mul_div('layered.amount_minor', 'rates.numerator', 'rates.denominator') }}
        end - layered.functional_minor as adjustment_minor
    from layered
    left join {{ ref('exchange_rates') }} as rates
        on
            layered.currency = rates.currency
            and layered.functional_currency = rates.functional_currency
            and layered.closing_date = rates.rate_date
    left join {{ ref('deferred_layers') }} as earned
        on
            {{ layer_holds('layered', 'layered.earned_minor', 'earned') }}
            and layered.account_code = '2100'
    left join {{ ref('deferred_layers') }} as billed
        on
            {{ layer_holds('layered', 'layered.billed_minor', 'billed') }}
            and layered.account_code = '2100'
    where layered.is_monetary or layered.amount_minor = 0 or layered.account_code = '2100'
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
    ('account_code', "case when is_monetary then 'foreign balance at the closing rate' else 'foreign balance at the rates of its documents' end", ''),
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
