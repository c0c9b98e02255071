-- Lines of the entries that recognise revenue, one entry an obligation and measured interval. Debit positive.
with recognised as (
    select
        *,
        'revenue:' || obligation_id || ':' || cast(measured_to as varchar) as entry_key,
        {{ add_days('measured_to', -1) }} as entry_date
    from {{ ref('revenue_schedule') }}
    where is_actual and (earned_minor <> 0 or supplier_share_minor <> 0)
),

sides as (
    select entry_key, '2100' as account_code, recognised_minor + contra_minor as amount_minor
    from recognised
    union all
    select entry_key, cast(revenue_account as varchar) as account_code, -earned_minor as amount_minor
    from recognised
    union all
    -- An agent owes the supplier its share.
    select entry_key, '2000' as account_code, -supplier_share_minor as amount_minor
    from recognised
)

select
    recognised.entry_key,
    'revenue' as entry_type,
    'recognised to date less recognised before' as rule,
    recognised.entity_id,
    recognised.entry_date,
    recognised.currency,
    sides.account_code,
    recognised.obligation_id,
    recognised.contract_id,
    recognised.customer_id,
    cast(null as varchar) as invoice_id,
    'salesforce:order_item:' || recognised.obligation_id as evidence_ref,
    sides.amount_minor
from sides
inner join recognised
    on sides.entry_key = recognised.entry_key
