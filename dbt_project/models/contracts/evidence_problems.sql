-- Everything that cannot enter, with its reason: what contracts hold back and what the loaders set aside.
with holds as (
    select * from {{ ref('order_holds') }}
),

orders as (
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
        {{ month_start('orders.effective_date') }} as period,
        orders.currency,
        coalesce(items.total_price_minor, orders.total_amount_minor, 0) as amount_minor,
        coalesce('product ' || holds.sku, 'order ' || orders.order_number) as detail,
        cast(orders.activated_at as date) as seen_date
    from holds
    inner join orders using (order_id)
    left join {{ ref('stg_salesforce__order_items') }} as items on holds.order_item_id = items.order_item_id
),

ambiguous as (
    select
        'stripe:customer:' || crosswalk.external_id as ref,
        'CUSTOMER_AMBIGUOUS' as reason_code,
        billing.entity_id,
        cast(null as varchar) as customer_id,
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
            when record_key is null and file_name is not null then 'file:' || file_name
            else source_name || ':' || object_name || ':' || coalesce(record_key, '?')
        end as ref,
        reason_code,
        entity_id,
        cast(null as varchar) as customer_id,
        cast(null as date) as period,
        cast(null as varchar) as currency,
        cast(0 as bigint) as amount_minor,
        reason as detail,
        cast(landed_at as date) as seen_date
    from {{ ref('stg_landing__quarantine') }}
)

select * from held
union all
select * from ambiguous
union all
select * from quarantined
