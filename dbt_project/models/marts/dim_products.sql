select
    cast(sku as varchar) as sku,
    cast(product_name as varchar) as product_name,
    cast(stream as varchar) as stream,
    cast(pattern as varchar) as pattern,
    cast(is_usage as boolean) as is_usage,
    cast(unit as varchar) as unit,
    cast(principal_or_agent as varchar) as principal_or_agent,
    cast(supplier_share_bps as bigint) as supplier_share_bps,
    cast(revenue_account as varchar) as revenue_account,
    cast(effective_from as date) as effective_from,
    cast(effective_to as date) as effective_to
from {{ ref('product_policies') }}
