-- Which promise each day of usage belongs to: the usage item of the tenant's account with that SKU whose service
-- window holds the day; of several, the one that started last. What fits none keeps its row and a reason.
with usage as (
    select * from {{ ref('usage_daily') }}
),

usage_obligations as (
    select * from {{ ref('obligations') }}
    where is_usage
),

known_skus as (
    select distinct sku
    from {{ ref('product_policies') }}
    where is_usage
),

candidates as (
    select
        usage.tenant_id,
        usage.sku,
        usage.usage_date,
        usage_obligations.obligation_id,
        row_number() over (
            partition by usage.tenant_id, usage.sku, usage.usage_date
            order by usage_obligations.service_start_date desc, usage_obligations.obligation_id
        ) as preference
    from usage
    inner join usage_obligations
        on
            usage.customer_id = usage_obligations.customer_id
            and usage.sku = usage_obligations.sku
            and usage.usage_date >= usage_obligations.service_start_date
            and usage.usage_date < coalesce(usage_obligations.terminated_date, usage_obligations.service_end_date)
)

select
    usage.tenant_id,
    usage.sku,
    usage.usage_date,
    usage.customer_id,
    candidates.obligation_id,
    case
        when candidates.obligation_id is not null then null
        when known_skus.sku is null then 'UNKNOWN_SKU'
        when usage.customer_id is null then 'UNKNOWN_TENANT'
        else 'USAGE_WITHOUT_CONTRACT'
    end as reason_code,
    usage.quantity,
    usage.raw_quantity,
    usage.quantity_at_invoicing
from usage
left join known_skus on usage.sku = known_skus.sku
left join candidates
    on
        usage.tenant_id = candidates.tenant_id
        and usage.sku = candidates.sku
        and usage.usage_date = candidates.usage_date
        and candidates.preference = 1
