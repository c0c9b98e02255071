select
    cast(rollforward.basis as varchar) as basis,
    cast(rollforward.books as varchar) as books,
    cast(rollforward.entity_id as varchar) as entity_id,
    cast(rollforward.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(rollforward.currency as varchar) as currency,
    cast(rollforward.period as date) as period,
    cast(rollforward.movement as varchar) as movement,
    cast(rollforward.movement_order as bigint) as movement_order,
    cast(rollforward.opening_minor as bigint) as opening_minor,
    cast(rollforward.amount_minor as bigint) as amount_minor,
    cast(rollforward.closing_minor as bigint) as closing_minor
from {{ ref('balance_rollforward') }} as rollforward
left join {{ ref('accounts') }} as accounts
    on rollforward.account_code = accounts.account_code
