-- Each account beside the month before, in the functional currency: balances of the balance sheet at the two month ends,
-- movements of the two months of the income statement. As the books carry it, or will. Debit positive.
with movements as (
    select
        postings.entity_id,
        postings.account_code,
        accounts.account_type in ('asset', 'contra_asset', 'liability', 'equity') as is_balance,
        postings.period,
        sum(postings.functional_minor) as movement_minor
    from {{ ref('flux_postings') }} as postings
    inner join {{ ref('accounts') }} as accounts
        on postings.account_code = cast(accounts.account_code as varchar)
    group by postings.entity_id, postings.account_code, accounts.account_type, postings.period
),

lifetimes as (
    select
        entity_id,
        account_code,
        is_balance,
        min(period) as first_period
    from movements
    group by entity_id, account_code, is_balance
),

months as (
    select
        entity_id,
        account_code,
        is_balance,
        {{ each_month('first_period', add_days(as_of_date(), -1)) }} as period
    from lifetimes
),

balances as (
    select
        months.entity_id,
        months.account_code,
        months.is_balance,
        months.period,
        coalesce(movements.movement_minor, 0) as movement_minor,
        sum(coalesce(movements.movement_minor, 0)) over (
            partition by months.entity_id, months.account_code order by months.period
        ) as closing_minor
    from months
    left join movements
        on
            months.entity_id = movements.entity_id
            and months.account_code = movements.account_code
            and months.period = movements.period
),

compared as (
    select
        entity_id,
        account_code,
        is_balance,
        period,
        case when is_balance then closing_minor else movement_minor end as current_minor,
        coalesce(
            lag(case when is_balance then closing_minor else movement_minor end) over (
                partition by entity_id, account_code order by period
            ), 0
        ) as base_minor
    from balances
),

bases as (
    select period, max(basis) as basis from {{ ref('flux_postings') }}
    group by period
)

select
    compared.entity_id,
    compared.account_code,
    compared.period,
    entities.functional_currency as currency,
    compared.is_balance,
    coalesce(bases.basis, 'computed') as basis,
    cast(compared.base_minor as bigint) as base_minor,
    cast(compared.current_minor as bigint) as current_minor,
    cast(compared.current_minor - compared.base_minor as bigint) as change_minor
from compared
inner join {{ ref('entities') }} as entities
    on compared.entity_id = entities.entity_id
left join bases
    on compared.period = bases.period
