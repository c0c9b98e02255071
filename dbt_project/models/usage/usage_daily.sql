-- Deliveries become quantities: an event counts once, in its highest revision. Only the few events delivered more
-- than once go through a window; the rest streams.
with deliveries as (
    select
        event_id,
        tenant_id,
        sku,
        usage_date,
        quantity,
        revision,
        ingested_at,
        file_name,
        -- The month is invoiced from what was ingested before 06:00 of the first day of the next.
        ingested_at < cast({{ next_month('usage_date') }} as timestamp) + interval '6' hour as is_known_at_invoicing
    from {{ ref('stg_metering__usage_events') }}
),

repeated_events as (
    select event_id
    from deliveries
    group by event_id
    having count(*) > 1
),

delivered_once as (
    select
        tenant_id,
        sku,
        usage_date,
        quantity,
        case when is_known_at_invoicing then quantity else 0 end as raw_quantity,
        case when is_known_at_invoicing then quantity else 0 end as quantity_at_invoicing
    from deliveries
    where event_id not in (select event_id from repeated_events)
),

repeated_deliveries as (
    select
        *,
        row_number() over (
            partition by event_id
            order by revision desc, ingested_at, file_name
        ) as newest_rank,
        row_number() over (
            partition by event_id
            order by is_known_at_invoicing desc, revision desc, ingested_at, file_name
        ) as invoicing_rank,
        max(case when is_known_at_invoicing then revision end) over (partition by event_id) as invoicing_revision
    from deliveries
    where event_id in (select event_id from repeated_events)
),

delivered_often as (
    select
        tenant_id,
        sku,
        usage_date,
        case when newest_rank = 1 then quantity else 0 end as quantity,
        case when is_known_at_invoicing and revision = invoicing_revision then quantity else 0 end as raw_quantity,
        case when is_known_at_invoicing and invoicing_rank = 1 then quantity else 0 end as quantity_at_invoicing,
        case when newest_rank = 1 then 1 else 0 end as event_count
    from repeated_deliveries
),

counted as (
    select
        tenant_id,
        sku,
        usage_date,
        sum(quantity) as quantity,
        sum(raw_quantity) as raw_quantity,
        sum(quantity_at_invoicing) as quantity_at_invoicing,
        count(*) as event_count
    from delivered_once
    group by tenant_id, sku, usage_date

    union all

    select
        tenant_id,
        sku,
        usage_date,
        sum(quantity) as quantity,
        sum(raw_quantity) as raw_quantity,
        sum(quantity_at_invoicing) as quantity_at_invoicing,
        sum(event_count) as event_count
    from delivered_often
    group by tenant_id, sku, usage_date
),

tenants as (
    select
        external_id as tenant_id,
        customer_id
    from {{ ref('customer_crosswalk') }}
    where system = 'metering'
)

select
    counted.tenant_id,
    counted.sku,
    counted.usage_date,
    max(tenants.customer_id) as customer_id,
    cast(sum(counted.quantity) as decimal(18, 6)) as quantity,
    cast(sum(counted.raw_quantity) as decimal(18, 6)) as raw_quantity,
    cast(sum(counted.quantity_at_invoicing) as decimal(18, 6)) as quantity_at_invoicing,
    cast(sum(counted.event_count) as bigint) as event_count
from counted
left join tenants using (tenant_id)
group by counted.tenant_id, counted.sku, counted.usage_date
