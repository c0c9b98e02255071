-- The group's trial balance and the parts it is the sum of: the translated books of each entity, what the entities owe and sold
-- each other taken out, and the translation adjustment. What an elimination leaves because its two sides were translated at
-- different rates joins the adjustment.
with parts as (
    select
        balances.basis,
        balances.period,
        balances.account_code,
        case
            when balances.account_code = policies.translation_account then 'translation' else balances.entity_id
        end as component,
        balances.entity_id,
        balances.currency,
        balances.opening_minor,
        balances.acquired_minor,
        balances.closing_minor
    from {{ ref('translated_balances') }} as balances
    cross join {{ ref('consolidation_policies') }} as policies
),

eliminated as (
    select
        parts.basis,
        parts.period,
        parts.account_code,
        parts.currency,
        -sum(parts.opening_minor) as opening_minor,
        -sum(parts.acquired_minor) as acquired_minor,
        -sum(parts.closing_minor) as closing_minor
    from parts
    inner join {{ ref('accounts') }} as accounts
        on parts.account_code = accounts.account_code
    where accounts.is_intercompany
    group by parts.basis, parts.period, parts.account_code, parts.currency
),

components as (
    select *
    from parts
    union all
    select
        basis,
        period,
        account_code,
        'elimination' as component,
        cast(null as varchar) as entity_id,
        currency,
        opening_minor,
        acquired_minor,
        closing_minor
    from eliminated
    union all
    select
        eliminated.basis,
        eliminated.period,
        policies.translation_account as account_code,
        'elimination' as component,
        null as entity_id,
        eliminated.currency,
        -sum(eliminated.opening_minor) as opening_minor,
        -sum(eliminated.acquired_minor) as acquired_minor,
        -sum(eliminated.closing_minor) as closing_minor
    from eliminated
    cross join {{ ref('consolidation_policies') }} as policies
    group by eliminated.basis, eliminated.period, policies.translation_account, eliminated.currency
),

with_group as (
    select *
    from components
    union all
    select
        basis,
        period,
        account_code,
        'group' as component,
        null as entity_id,
        currency,
        sum(opening_minor) as opening_minor,
        sum(acquired_minor) as acquired_minor,
        sum(closing_minor) as closing_minor
    from components
    group by basis, period, account_code, currency
)

select
    basis,
    period,
    account_code,
    component,
    entity_id,
    currency,
    cast(opening_minor as bigint) as opening_minor,
    cast(acquired_minor as bigint) as acquired_minor,
    cast(closing_minor - opening_minor - acquired_minor as bigint) as movement_minor,
    cast(closing_minor as bigint) as closing_minor
from with_group
