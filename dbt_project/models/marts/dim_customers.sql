select
    cast(customer_id as varchar) as customer_id,
    cast(customer_name as varchar) as customer_name,
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(country as varchar) as country,
    cast(stripe_customer_id as varchar) as stripe_customer_id,
    cast(tenant_id as varchar) as tenant_id,
    cast(payment_terms_days as bigint) as payment_terms_days,
    cast(match_method as varchar) as match_method,
    cast(match_confidence as decimal(3, 2)) as match_confidence
from {{ ref('customers') }}
