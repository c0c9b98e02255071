select
    cast(bridge.entity_id as varchar) as entity_id,
    cast(bridge.currency as varchar) as currency,
    cast(bridge.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(bridge.period as date) as period,
    cast(bridge.posting_period as date) as posting_period,
    cast(bridge.cause as varchar) as cause,
    cast(bridge.is_posted as boolean) as is_posted,
    cast(bridge.amount_minor as bigint) as amount_minor,
    cast(bridge.gross_minor as bigint) as gross_minor,
    cast(bridge.functional_currency as varchar) as functional_currency,
    cast(bridge.functional_minor as bigint) as functional_minor
from {{ ref('recast_bridge') }} as bridge
left join {{ ref('accounts') }} as accounts
    on bridge.account_code = cast(accounts.account_code as varchar)
