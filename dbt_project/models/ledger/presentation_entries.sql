-- Lines of the entries that show a contract in debit as a receivable or contract asset at month end, and what it is expected
-- to give back as a refund liability; a deposit that was overdrawn joins the position. Debit positive.
with changed as (
    select
        positions.*,
        contracts.customer_id,
        'presentation:' || positions.contract_id || ':' || cast(positions.period as varchar) as entry_key,
        {{ add_days('least(' ~ add_months('positions.period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as entry_date
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('contracts') }} as contracts
        on positions.contract_id = contracts.contract_id
    where
        positions.unbilled_change_minor <> 0
        or positions.contract_asset_change_minor <> 0
        or positions.refund_liability_change_minor <> 0
        or positions.deposit_debit_change_minor <> 0
)
{% for account, amount in [
    ("'1150'", 'unbilled_change_minor'),
    ("'1160'", 'contract_asset_change_minor'),
    ("'2400'", '-refund_liability_change_minor'),
    ("'2200'", '-deposit_debit_change_minor'),
    ("'2100'", 'refund_liability_change_minor + deposit_debit_change_minor - unbilled_change_minor - contract_asset_change_minor'),
] %}
{{ 'union all' if not loop.first }}
select
    entry_key,
    'presentation' as entry_type,
    'contract position shown net, by what it is' as rule,
    entity_id,
    entry_date,
    currency,
    {{ account }} as account_code,
    cast(null as varchar) as obligation_id,
    contract_id,
    customer_id,
    cast(null as varchar) as invoice_id,
    'salesforce:contract:' || contract_id as evidence_ref,
    {{ amount }} as amount_minor
from changed
{%- endfor %}
