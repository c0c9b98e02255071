-- Lines of the entries that recognise revenue, one entry an obligation and measured interval. Debit positive.
-- What price reductions took back has entries of its own and is added back here.
with given_back as (
    select
        obligation_id,
        measured_to,
        sum(contra_minor) as contra_minor,
        sum(supplier_share_minor) as supplier_share_minor
    from {{ ref('recognised_reductions') }}
    group by obligation_id, measured_to
),

earned as (
    select
        schedule.*,
        schedule.recognised_minor + coalesce(given_back.contra_minor, 0) as gross_minor,
        schedule.supplier_share_minor + coalesce(given_back.supplier_share_minor, 0) as supplier_minor,
        'revenue:' || schedule.obligation_id || ':' || cast(schedule.measured_to as varchar) as entry_key,
        {{ add_days('schedule.measured_to', -1) }} as entry_date
    from {{ ref('revenue_schedule') }} as schedule
    left join given_back
        on
            schedule.obligation_id = given_back.obligation_id
            and schedule.measured_to = given_back.measured_to
    where schedule.is_actual
),

recognised as (
    select * from earned
    where gross_minor <> 0 or supplier_minor <> 0
),

sides as (
    select entry_key, '2100' as account_code, gross_minor as amount_minor
    from recognised
    union all
    select entry_key, cast(revenue_account as varchar) as account_code, supplier_minor - gross_minor as amount_minor
    from recognised
    union all
    -- An agent owes the supplier its share.
    select entry_key, '2000' as account_code, -supplier_minor as amount_minor
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
