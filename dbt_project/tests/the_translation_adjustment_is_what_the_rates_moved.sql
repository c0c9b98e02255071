{{ config(meta={'dagster': {'ref': {'name': 'translated_balances'}}}) }}
-- The adjustment is what is left of a sum; here it is derived the other way round: net assets at the start × the change of the
-- closing rate + result of the month × (closing rate - average rate). They agree but for the rounding of each account.
with months as (
    select
        balances.entity_id,
        balances.functional_currency,
        balances.currency,
        balances.period,
        sum(case when accounts.account_type in ('asset', 'contra_asset', 'liability') then balances.closing_functional_minor else 0 end)
            as net_assets_minor,
        sum(case when balances.account_code = policies.translation_account then balances.closing_minor else 0 end) as adjustment_minor,
        max(case when balances.acquired_minor <> 0 then 1 else 0 end) as has_joined,
        count(*) as account_count
    from {{ ref('translated_balances') }} as balances
    inner join {{ ref('accounts') }} as accounts
        on balances.account_code = accounts.account_code
    cross join {{ ref('consolidation_policies') }} as policies
    where balances.basis = 'as_recast' and balances.functional_currency <> balances.currency
    group by balances.entity_id, balances.functional_currency, balances.currency, balances.period
),

changes as (
    select
        months.*,
        rates.closing_numerator,
        rates.closing_denominator,
        rates.average_numerator,
        rates.average_denominator,
        lag(months.net_assets_minor) over by_month as opening_minor,
        lag(months.adjustment_minor) over by_month as opening_adjustment_minor,
        lag(rates.closing_numerator) over by_month as opening_numerator,
        lag(rates.closing_denominator) over by_month as opening_denominator
    from months
    inner join {{ ref('translation_rates') }} as rates
        on
            months.functional_currency = rates.functional_currency
            and months.currency = rates.presentation_currency
            and months.period = rates.period
    window by_month as (partition by months.entity_id order by months.period)
),

expected as (
    select
        *,
        -(
            {{ mul_div('opening_minor', 'closing_numerator', 'closing_denominator') }}
            - {{ mul_div('opening_minor', 'opening_numerator', 'opening_denominator') }}
            + {{ mul_div('net_assets_minor - opening_minor', 'closing_numerator', 'closing_denominator') }}
            - {{ mul_div('net_assets_minor - opening_minor', 'average_numerator', 'average_denominator') }}
        ) as expected_minor
    from changes
    where opening_minor is not null and has_joined = 0
)

select
    entity_id,
    period,
    adjustment_minor - opening_adjustment_minor as found_minor,
    expected_minor
from expected
where abs(adjustment_minor - opening_adjustment_minor - expected_minor) > 2 * account_count
