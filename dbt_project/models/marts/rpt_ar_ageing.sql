select
    cast(entity_id as varchar) as entity_id,
    cast(customer_id as varchar) as customer_id,
    cast(currency as varchar) as currency,
    cast(bucket as varchar) as bucket,
    cast(bucket_order as bigint) as bucket_order,
    cast(open_minor as bigint) as open_minor,
    cast(invoice_count as bigint) as invoice_count
from {{ ref('ar_ageing') }}
