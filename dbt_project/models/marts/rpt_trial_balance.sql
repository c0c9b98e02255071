-- The computed trial balance beside the balance the ERP reports; journals explain the difference in rec_ledger_to_gl.
with reported as (
    select
        entity_id,
        period,
        cast(account_code as varchar) as account_code,
        currency,
        sum(closing_minor) as closing_minor
    from {{ ref('stg_erp__trial_balances') }}
    group by entity_id, period, cast(account_code as varchar), currency
)

select
    cast(coalesce(computed.entity_id, reported.entity_id) as varchar) as entity_id,
    cast(coalesce(computed.period, reported.period) as date) as period,
    cast(coalesce(computed.account_code, reported.account_code) as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(coalesce(computed.currency, reported.currency) as varchar) as currency,
    cast(coalesce(computed.opening_minor, 0) as bigint) as opening_minor,
    cast(coalesce(computed.debit_minor, 0) as bigint) as debit_minor,
    cast(coalesce(computed.credit_minor, 0) as bigint) as credit_minor,
    cast(coalesce(computed.closing_minor, 0) as bigint) as closing_minor,
    cast(coalesce(reported.closing_minor, 0) as bigint) as gl_closing_minor,
    cast(coalesce(computed.closing_minor, 0) - coalesce(reported.closing_minor, 0) as bigint) as difference_minor
from {{ ref('trial_balance') }} as computed
full outer join reported
    on
        computed.entity_id = reported.entity_id
        and computed.period = reported.period
        and computed.account_code = reported.account_code
        and computed.currency = reported.currency
left join {{ ref('accounts') }} as accounts
    on coalesce(computed.account_code, reported.account_code) = cast(accounts.account_code as varchar)
