select
    tenant_id,
    sku,
    {{ month_start('usage_date') }} as period,
    max(customer_id) as customer_id,
    max(reason_code) as reason_code,
    cast(sum(quantity) as decimal(18, 6)) as quantity
from {{ ref('matched_usage') }}
where obligation_id is null
group by tenant_id, sku, {{ month_start('usage_date') }}
