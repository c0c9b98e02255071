-- The ERP must agree with itself: its trial balance moves by its own journals.
with journal_movements as (
    select
        entity_id,
        period,
        cast(account_code as varchar) as account_code,
        currency,
        sum(debit_minor - credit_minor) as movement_minor
    from {{ ref('stg_erp__journal_lines') }}
    group by entity_id, period, cast(account_code as varchar), currency
),

balance_movements as (
    select
        entity_id,
        period,
        cast(account_code as varchar) as account_code,
        currency,
        sum(closing_minor - opening_minor) as movement_minor
    from {{ ref('stg_erp__trial_balances') }}
    group by entity_id, period, cast(account_code as varchar), currency
)

select
    coalesce(balances.entity_id, journals.entity_id) as entity_id,
    coalesce(balances.period, journals.period) as period,
    coalesce(balances.account_code, journals.account_code) as account_code,
    coalesce(balances.currency, journals.currency) as currency,
    coalesce(balances.movement_minor, 0) - coalesce(journals.movement_minor, 0) as amount_minor
from balance_movements as balances
full outer join journal_movements as journals
    on
        balances.entity_id = journals.entity_id
        and balances.period = journals.period
        and balances.account_code = journals.account_code
        and balances.currency = journals.currency
where coalesce(balances.movement_minor, 0) <> coalesce(journals.movement_minor, 0)
