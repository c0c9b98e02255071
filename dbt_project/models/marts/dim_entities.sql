select
    cast(entity_id as varchar) as entity_id,
    cast(entity_name as varchar) as entity_name,
    cast(country as varchar) as country,
    cast(functional_currency as varchar) as functional_currency,
    cast(joined_on as date) as joined_on,
    cast(stripe_account_id as varchar) as stripe_account_id
from {{ ref('entities') }}
