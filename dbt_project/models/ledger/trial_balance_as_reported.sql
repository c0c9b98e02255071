-- Balance of each account as the books reported it: sums of postings by posting month, which never change.
with movements as (
    select
        entity_id,
        account_code,
        currency,
        posting_period as period,
        sum(debit_minor) as debit_minor,
        sum(credit_minor) as credit_minor
    from {{ ref('posted_journal') }}
    group by entity_id, account_code, currency, posting_period
),

books as (
    select max(period) as last_period
    from movements
),

lifetimes as (
    select
        movements.entity_id,
        movements.account_code,
        movements.currency,
        min(movements.period) as first_period,
        min(books.last_period) as last_period
    from movements
    cross join books
    group by movements.entity_id, movements.account_code, movements.currency
),

months as (
    select
        entity_id,
        account_code,
        currency,
        {{ each_month('first_period', 'last_period') }} as period
    from lifetimes
),

balances as (
    select
        months.entity_id,
        months.period,
        months.account_code,
        months.currency,
        coalesce(movements.debit_minor, 0) as debit_minor,
        coalesce(movements.credit_minor, 0) as credit_minor,
        sum(coalesce(movements.debit_minor, 0) - coalesce(movements.credit_minor, 0)) over (
            partition by months.entity_id, months.account_code, months.currency order by months.period
        ) as closing_minor
    from months
    left join movements
        on
            months.entity_id = movements.entity_id
            and months.account_code = movements.account_code
            and months.currency = movements.currency
            and months.period = movements.period
)

select
    entity_id,
    period,
    account_code,
    currency,
    cast(closing_minor - debit_minor + credit_minor as bigint) as opening_minor,
    cast(debit_minor as bigint) as debit_minor,
    cast(credit_minor as bigint) as credit_minor,
    cast(closing_minor as bigint) as closing_minor
from balances
