-- What moved on each account of an entity since it joined the group, in its functional currency and in the one the group
-- reports in: at the average rate of the month it counts in (830-30-45-3), and what it brought along at the rate of the day
-- it joined. The result and equity of an entity until that day are the equity it came with.
with entities as (
    select
        entities.entity_id,
        entities.functional_currency,
        policies.presentation_currency,
        policies.acquired_equity_account,
        entities.functional_currency = policies.presentation_currency as is_same,
        {{ month_start('entities.joined_on') }} as joined_period,
        joining.numerator as joining_numerator,
        joining.denominator as joining_denominator
    from {{ ref('entities') }} as entities
    cross join {{ ref('consolidation_policies') }} as policies
    left join {{ ref('exchange_rates') }} as joining
        on
            entities.functional_currency = joining.currency
            and policies.presentation_currency = joining.functional_currency
            and entities.joined_on = joining.rate_date
),

moved as (
    select
        movements.basis,
        movements.entity_id,
        entities.functional_currency,
        entities.presentation_currency,
        case
            when movements.is_before_joining and accounts.account_type not in ('asset', 'contra_asset', 'liability')
                then entities.acquired_equity_account
            else movements.account_code
        end as account_code,
        greatest(movements.period, coalesce(entities.joined_period, movements.period)) as period,
        movements.counted_period,
        case when movements.is_before_joining then 'acquired' else movements.movement end as movement,
        case when movements.is_before_joining then 1 else movements.movement_order end as movement_order,
        movements.is_before_joining,
        case when count(*) = count(movements.functional_minor) then sum(movements.functional_minor) end as functional_minor
    from {{ ref('account_movements') }} as movements
    inner join entities
        on movements.entity_id = entities.entity_id
    inner join {{ ref('accounts') }} as accounts
        on movements.account_code = accounts.account_code
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

-- What came with an entity is one amount an account, whatever months it is from.
summed as (
    select
        basis,
        entity_id,
        functional_currency,
        presentation_currency,
        account_code,
        period,
        case when not is_before_joining then counted_period end as counted_period,
        movement,
        movement_order,
        is_before_joining,
        cast(case when count(*) = count(functional_minor) then sum(functional_minor) end as bigint) as functional_minor
    from moved
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

presented as (
    select
        summed.*,
        case
            when entities.is_same then summed.functional_minor
            when summed.is_before_joining
                then {{ mul_div('summed.functional_minor', 'entities.joining_numerator', 'entities.joining_denominator') }}
            else {{ mul_div('summed.functional_minor', 'rates.average_numerator', 'rates.average_denominator') }}
        end as presented_minor
    from summed
    inner join entities
        on summed.entity_id = entities.entity_id
    left join {{ ref('translation_rates') }} as rates
        on
            summed.functional_currency = rates.functional_currency
            and summed.presentation_currency = rates.presentation_currency
            and summed.counted_period = rates.period
)

select
    basis,
    entity_id,
    functional_currency,
    presentation_currency,
    account_code,
    period,
    movement,
    movement_order,
    cast(sum(functional_minor) as bigint) as functional_minor,
    -- Unknown as soon as one part of it has no rate.
    cast(case when count(*) = count(presented_minor) then sum(presented_minor) end as bigint) as presented_minor
from presented
group by 1, 2, 3, 4, 5, 6, 7, 8
