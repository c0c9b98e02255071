-- Balance of each account as the books reported it, in the currency of the documents and in the entity's own: sums of
-- postings by posting month, which never change.
{% set sides = ['debit', 'credit', 'functional_debit', 'functional_credit'] %}
with movements as (
    select
        entity_id,
        account_code,
        currency,
        posting_period as period,
        min(functional_currency) as functional_currency,
        {%- for side in sides %}
        sum({{ side }}_minor) as {{ side }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
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
        min(movements.functional_currency) as functional_currency,
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
        functional_currency,
        {{ each_month('first_period', 'last_period') }} as period
    from lifetimes
),

moved as (
    select
        months.entity_id,
        months.period,
        months.account_code,
        months.currency,
        months.functional_currency,
        {%- for side in sides %}
        coalesce(movements.{{ side }}_minor, 0) as {{ side }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from months
    left join movements
        on
            months.entity_id = movements.entity_id
            and months.account_code = movements.account_code
            and months.currency = movements.currency
            and months.period = movements.period
),

balances as (
    select
        *,
        sum(debit_minor - credit_minor) over (
            partition by entity_id, account_code, currency order by period
        ) as closing_minor,
        sum(functional_debit_minor - functional_credit_minor) over (
            partition by entity_id, account_code, currency order by period
        ) as functional_closing_minor
    from moved
)

select
    entity_id,
    period,
    account_code,
    currency,
    cast(closing_minor - debit_minor + credit_minor as bigint) as opening_minor,
    cast(debit_minor as bigint) as debit_minor,
    cast(credit_minor as bigint) as credit_minor,
    cast(closing_minor as bigint) as closing_minor,
    functional_currency,
    cast(functional_closing_minor - functional_debit_minor + functional_credit_minor as bigint) as functional_opening_minor,
    cast(functional_debit_minor as bigint) as functional_debit_minor,
    cast(functional_credit_minor as bigint) as functional_credit_minor,
    cast(functional_closing_minor as bigint) as functional_closing_minor
from balances
