select
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(account_code as varchar) as account_code,
    cast(period as date) as period,
    cast(opening_minor as bigint) as opening_minor,
    cast(recognised_ahead_minor as bigint) as recognised_ahead_minor,
    cast(billed_minor as bigint) as billed_minor,
    cast(closing_minor as bigint) as closing_minor
from {{ ref('contract_asset_rollforward') }}
