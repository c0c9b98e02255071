select
    cast(consolidated.basis as varchar) as basis,
    cast(consolidated.period as date) as period,
    cast(consolidated.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(accounts.account_type as varchar) as account_type,
    cast(consolidated.component as varchar) as component,
    cast(consolidated.entity_id as varchar) as entity_id,
    cast(consolidated.currency as varchar) as currency,
    cast(consolidated.opening_minor as bigint) as opening_minor,
    cast(consolidated.acquired_minor as bigint) as acquired_minor,
    cast(consolidated.movement_minor as bigint) as movement_minor,
    cast(consolidated.closing_minor as bigint) as closing_minor
from {{ ref('consolidated_trial_balance') }} as consolidated
left join {{ ref('accounts') }} as accounts
    on consolidated.account_code = accounts.account_code
