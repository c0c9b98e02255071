select
    cast(movements.basis as varchar) as basis,
    cast(movements.entity_id as varchar) as entity_id,
    cast(movements.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(movements.currency as varchar) as currency,
    cast(movements.functional_currency as varchar) as functional_currency,
    cast(movements.period as date) as period,
    cast(movements.entry_type as varchar) as entry_type,
    cast(sum(movements.debit_minor) as bigint) as debit_minor,
    cast(sum(movements.credit_minor) as bigint) as credit_minor,
    cast(sum(movements.functional_minor) as bigint) as functional_minor,
    cast(sum(movements.line_count) as bigint) as line_count
from {{ ref('account_movements') }} as movements
left join {{ ref('accounts') }} as accounts
    on movements.account_code = accounts.account_code
group by
    movements.basis,
    movements.entity_id,
    movements.account_code,
    accounts.account_name,
    movements.currency,
    movements.functional_currency,
    movements.period,
    movements.entry_type
