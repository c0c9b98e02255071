-- Contract assets and unbilled receivables, month by month: opening + recognised ahead of billing - caught up by billing =
-- closing, from the positions of contracts.
with changes as (
    {%- for account, change in [('1150', 'unbilled_change_minor'), ('1160', 'contract_asset_change_minor')] %}
    {{ 'union all' if not loop.first }}
    select
        entity_id,
        currency,
        '{{ account }}' as account_code,
        period,
        sum(greatest({{ change }}, 0)) as recognised_ahead_minor,
        sum(least({{ change }}, 0)) as billed_minor
    from {{ ref('contract_positions') }}
    group by entity_id, currency, period
    {%- endfor %}
)

select
    balances.entity_id,
    balances.currency,
    balances.account_code,
    balances.period,
    balances.opening_minor,
    cast(coalesce(changes.recognised_ahead_minor, 0) as bigint) as recognised_ahead_minor,
    cast(coalesce(changes.billed_minor, 0) as bigint) as billed_minor,
    balances.closing_minor
from {{ ref('trial_balance') }} as balances
left join changes
    on
        balances.entity_id = changes.entity_id
        and balances.currency = changes.currency
        and balances.account_code = changes.account_code
        and balances.period = changes.period
where balances.account_code in ('1150', '1160')
