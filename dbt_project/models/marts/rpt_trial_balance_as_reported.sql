select
    cast(reported.entity_id as varchar) as entity_id,
    cast(reported.period as date) as period,
    cast(reported.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(reported.currency as varchar) as currency,
    cast(reported.opening_minor as bigint) as opening_minor,
    cast(reported.debit_minor as bigint) as debit_minor,
    cast(reported.credit_minor as bigint) as credit_minor,
    cast(reported.closing_minor as bigint) as closing_minor,
    cast(reported.functional_currency as varchar) as functional_currency,
    cast(reported.functional_opening_minor as bigint) as functional_opening_minor,
    cast(reported.functional_debit_minor as bigint) as functional_debit_minor,
    cast(reported.functional_credit_minor as bigint) as functional_credit_minor,
    cast(reported.functional_closing_minor as bigint) as functional_closing_minor
from {{ ref('trial_balance_as_reported') }} as reported
left join {{ ref('accounts') }} as accounts
    on reported.account_code = cast(accounts.account_code as varchar)
