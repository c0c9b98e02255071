{{ config(meta={'dagster': {'ref': {'name': 'balance_rollforward'}}}) }}
-- Identities 3 and 4, for every balance: opening + movements = closing = the trial balance of that basis and those books.
with rolled as (
    select
        basis,
        books,
        entity_id,
        account_code,
        currency,
        period,
        max(opening_minor) as opening_minor,
        sum(amount_minor) as amount_minor,
        max(closing_minor) as closing_minor
    from {{ ref('balance_rollforward') }}
    group by basis, books, entity_id, account_code, currency, period
),

reported as (
    select 'as_recast' as basis, 'transaction' as books, entity_id, account_code, currency, period, opening_minor, closing_minor
    from {{ ref('trial_balance') }}
    union all
    select 'as_reported' as basis, 'transaction' as books, entity_id, account_code, currency, period, opening_minor, closing_minor
    from {{ ref('trial_balance_as_reported') }}
    union all
    select
        consolidated.basis,
        'presentation' as books,
        policies.group_id as entity_id,
        consolidated.account_code,
        consolidated.currency,
        consolidated.period,
        consolidated.opening_minor,
        consolidated.closing_minor
    from {{ ref('consolidated_trial_balance') }} as consolidated
    cross join {{ ref('consolidation_policies') }} as policies
    where consolidated.component = 'group'
),

balances as (
    select reported.*
    from reported
    inner join {{ ref('accounts') }} as accounts
        on reported.account_code = accounts.account_code
    where accounts.account_type in ('asset', 'contra_asset', 'liability', 'equity')
)

select
    coalesce(rolled.basis, balances.basis) as basis,
    coalesce(rolled.books, balances.books) as books,
    coalesce(rolled.entity_id, balances.entity_id) as entity_id,
    coalesce(rolled.account_code, balances.account_code) as account_code,
    coalesce(rolled.currency, balances.currency) as currency,
    coalesce(rolled.period, balances.period) as period,
    rolled.opening_minor,
    rolled.amount_minor,
    rolled.closing_minor,
    balances.closing_minor as balance_minor
from rolled
full outer join balances
    on
        rolled.basis = balances.basis
        and rolled.books = balances.books
        and rolled.entity_id = balances.entity_id
        and rolled.account_code = balances.account_code
        and rolled.currency = balances.currency
        and rolled.period = balances.period
where
    rolled.opening_minor + rolled.amount_minor <> rolled.closing_minor
    or (
        coalesce(rolled.books, 'transaction') <> 'functional'
        and (
            coalesce(rolled.closing_minor, 0) <> coalesce(balances.closing_minor, 0)
            or coalesce(rolled.opening_minor, 0) <> coalesce(balances.opening_minor, 0)
        )
    )
