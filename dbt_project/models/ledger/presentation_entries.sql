-- Lines of the entries that show a contract in debit as an unbilled receivable at month end. Debit positive.
with changed as (
    select
        positions.*,
        contracts.customer_id,
        'presentation:' || positions.contract_id || ':' || cast(positions.period as varchar) as entry_key,
        {{ add_days('least(' ~ add_months('positions.period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as entry_date
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('contracts') }} as contracts
        on positions.contract_id = contracts.contract_id
    where positions.unbilled_change_minor <> 0
)
{% for account, sign in [('1150', ''), ('2100', '-')] %}
{{ 'union all' if not loop.first }}
select
    entry_key,
    'presentation' as entry_type,
    'contract in debit shown as unbilled receivable' as rule,
    entity_id,
    entry_date,
    currency,
    '{{ account }}' as account_code,
    cast(null as varchar) as obligation_id,
    contract_id,
    customer_id,
    cast(null as varchar) as invoice_id,
    'salesforce:contract:' || contract_id as evidence_ref,
    {{ sign }}unbilled_change_minor as amount_minor
from changed
{%- endfor %}
