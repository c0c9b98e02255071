-- What moved each balance in a month, by what made it move: in the currency of documents and in the functional currency of each
-- entity, and for the group in the currency it reports in; as recast and as reported.
with amounts as (
    {%- for books, currency, amount in [
        ('transaction', 'currency', 'amount_minor'), ('functional', 'functional_currency', 'functional_minor'),
    ] %}
    select
        basis,
        '{{ books }}' as books,
        entity_id,
        account_code,
        {{ currency }} as currency,
        period,
        movement,
        movement_order,
        {{ amount }} as amount_minor
    from {{ ref('account_movements') }}
    union all
    {%- endfor %}
    select
        movements.basis,
        'presentation' as books,
        policies.group_id as entity_id,
        movements.account_code,
        movements.presentation_currency as currency,
        movements.period,
        movements.movement,
        movements.movement_order,
        movements.presented_minor as amount_minor
    from {{ ref('group_movements') }} as movements
    cross join {{ ref('consolidation_policies') }} as policies
    -- Months that have no rate are not consolidated.
    inner join {{ ref('translated_balances') }} as balances
        on
            movements.basis = balances.basis
            and movements.entity_id = balances.entity_id
            and movements.account_code = balances.account_code
            and movements.period = balances.period
    union all
    select
        balances.basis,
        'presentation' as books,
        policies.group_id as entity_id,
        balances.account_code,
        balances.currency,
        balances.period,
        case
            when balances.account_code = policies.translation_account then 'translation adjustment' else 'translated'
        end as movement,
        120 as movement_order,
        case
            when balances.account_code = policies.translation_account then balances.closing_minor - balances.opening_minor
            else balances.translation_minor
        end as amount_minor
    from {{ ref('translated_balances') }} as balances
    cross join {{ ref('consolidation_policies') }} as policies
    union all
    select
        consolidated.basis,
        'presentation' as books,
        policies.group_id as entity_id,
        consolidated.account_code,
        consolidated.currency,
        consolidated.period,
        'eliminated' as movement,
        115 as movement_order,
        consolidated.closing_minor - consolidated.opening_minor as amount_minor
    from {{ ref('consolidated_trial_balance') }} as consolidated
    cross join {{ ref('consolidation_policies') }} as policies
    where consolidated.component = 'elimination'
)

select
        amounts.basis,
        amounts.books,
        amounts.entity_id,
        amounts.account_code,
        amounts.currency,
        amounts.period,
        amounts.movement,
        amounts.movement_order,
        cast(sum(amounts.amount_minor) as bigint) as amount_minor
    from amounts
    inner join {{ ref('accounts') }} as accounts
        on amounts.account_code = accounts.account_code
    where accounts.account_type in ('asset', 'contra_asset', 'liability', 'equity')
    group by 1, 2, 3, 4, 5, 6, 7, 8
