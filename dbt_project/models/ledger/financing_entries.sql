-- Lines of the entries of interest on a financing component, at each month end: a contract liability that was paid ahead
-- grows against interest expense, a price paid later against interest income. Debit positive.
with interest as (
    select
        *,
        'financing:' || obligation_id || ':' || cast(period as varchar) as entry_key,
        {{ add_days(add_months('period', 1), -1) }} as entry_date,
        case when is_advance then interest_minor else -interest_minor end as expense_minor
    from {{ ref('financing_components') }}
    where interest_minor <> 0
)
{% for account, sign in [("case when is_advance then '7100' else '7110' end", ''), ("'2100'", '-')] %}
{{ 'union all' if not loop.first }}
select
    entry_key,
    'financing' as entry_type,
    'interest on a significant financing component' as rule,
    entity_id,
    entry_date,
    currency,
    {{ account }} as account_code,
    obligation_id,
    contract_id,
    customer_id,
    cast(null as varchar) as invoice_id,
    'salesforce:order_item:' || obligation_id as evidence_ref,
    {{ sign }}expense_minor as amount_minor
from interest
{%- endfor %}
