-- Everything that cannot enter, with its reason: what contracts hold back and what the loaders set aside.
with orders as (
    select * from {{ ref('stg_salesforce__orders') }}
),

held as (
    select
        case
            when holds.order_item_id is not null then 'salesforce:order_item:' || holds.order_item_id
            else 'salesforce:order:' || holds.order_id
        end as ref,
        holds.reason_code,
        orders.entity_id,
        orders.account_id as customer_id,
        orders.contract_id,
        {{ month_start('orders.effective_date') }} as period,
        orders.currency,
        coalesce(items.total_price_minor, orders.total_amount_minor, 0) as amount_minor,
        coalesce('product ' || holds.sku || coalesce(', billed ' || items.billing_frequency, ''), 'order ' || orders.order_number) as detail,
        cast(orders.activated_at as date) as seen_date
    from {{ ref('order_holds') }} as holds
    inner join orders using (order_id)
    left join {{ ref('stg_salesforce__order_items') }} as items on holds.order_item_id = items.order_item_id
),

overdue as (
    select
        'salesforce:milestone:' || milestones.milestone_id as ref,
        'MILESTONE_OVERDUE' as reason_code,
        obligations.entity_id,
        obligations.customer_id,
        obligations.contract_id,
        {{ month_start('milestones.due_date') }} as period,
        obligations.currency,
        milestones.amount_minor,
        milestones.milestone_name || ' was due on ' || cast(milestones.due_date as varchar) as detail,
        milestones.due_date as seen_date
    from {{ ref('milestones') }} as milestones
    inner join {{ ref('obligations') }} as obligations
        on milestones.obligation_id = obligations.obligation_id
    where
        milestones.due_date < {{ as_of_date() }}
        and (milestones.completed_date is null or milestones.completed_date >= {{ as_of_date() }})
        and (obligations.terminated_date is null or obligations.terminated_date >= {{ as_of_date() }})
),

ambiguous as (
    select
        'stripe:customer:' || crosswalk.external_id as ref,
        'CUSTOMER_AMBIGUOUS' as reason_code,
        billing.entity_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as contract_id,
        cast(null as date) as period,
        billing.currency,
        cast(0 as bigint) as amount_minor,
        cast(crosswalk.account_count as varchar) || ' accounts carry this billing customer' as detail,
        cast(billing.created_at as date) as seen_date
    from {{ ref('customer_crosswalk') }} as crosswalk
    inner join {{ ref('stg_stripe__customers') }} as billing on crosswalk.external_id = billing.stripe_customer_id
    where
        crosswalk.system = 'stripe'
        and crosswalk.is_ambiguous
),

quarantined as (
    select
        case
            when record_key is null then 'file:' || file_name
            else source_name || ':' || object_name || ':' || record_key
        end as ref,
        reason_code,
        entity_id,
        source_name,
        file_name,
        reason as detail,
        coalesce(cast(version_at as date), file_date) as seen_date
    from {{ ref('stg_landing__quarantine') }}
),

files as (
    select
        case
            when status = 'duplicate' then 'file:' || file_name
            else 'metering:day:' || cast(file_date as varchar)
        end as ref,
        case when status = 'duplicate' then 'FILE_DUPLICATED' else 'METERING_DAY_EMPTY' end as reason_code,
        cast(null as varchar) as entity_id,
        source_name,
        file_name,
        coalesce(reason, file_name || ' holds no events') as detail,
        file_date as seen_date
    from {{ ref('stg_landing__files') }}
    where
        status = 'duplicate'
        or (status = 'read' and source_name = 'metering' and row_count = 0)
),

unavailable as (
    select
        source_name || ':' || coalesce(object_name, '*') || ':' || coalesce(entity_id, '*') as ref,
        'SOURCE_UNAVAILABLE' as reason_code,
        entity_id,
        source_name,
        cast(null as varchar) as file_name,
        error as detail,
        {{ add_days(as_of_date(), -1) }} as seen_date
    from {{ ref('stg_landing__pull_failures') }}
),

loading as (
    select * from quarantined
    union all
    select * from files
    union all
    select * from unavailable
),

-- A bank file lies in the folder of its account, which belongs to an entity.
set_aside as (
    select
        loading.ref,
        loading.reason_code,
        coalesce(max(loading.entity_id), max(accounts.entity_id)) as entity_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as contract_id,
        {{ month_start('min(loading.seen_date)') }} as period,
        max(accounts.currency) as currency,
        cast(0 as bigint) as amount_minor,
        min(loading.detail) as detail,
        min(loading.seen_date) as seen_date
    from loading
    left join {{ ref('bank_accounts') }} as accounts
        on
            loading.source_name = 'bank'
            and loading.file_name like 'bank/' || accounts.bank_account_id || '/%'
    group by loading.ref, loading.reason_code
)

select * from held
union all
select * from overdue
union all
select * from ambiguous
union all
select * from set_aside
union all
select * from {{ ref('held_contracts') }}
