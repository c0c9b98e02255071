with earned as (
    select
        contract_id,
        entity_id,
        currency,
        period,
        sum(recognised_minor) as recognised_minor,
        sum(earned_minor) as earned_minor,
        sum(catch_up_minor) as catch_up_minor,
        sum(contra_minor) as taken_back_minor,
        sum(supplier_share_minor) as supplier_share_minor,
        sum(net_revenue_minor) as net_revenue_minor
    from {{ ref('revenue_schedule') }}
    where is_actual
    group by contract_id, entity_id, currency, period
),

prices as (
    select
        contract_id,
        {{ month_start(add_days('measured_to', -1)) }} as period,
        max_by(fixed_minor, measured_to) as fixed_minor,
        max_by(variable_minor, measured_to) as variable_minor
    from {{ ref('contract_prices') }}
    group by contract_id, {{ month_start(add_days('measured_to', -1)) }}
),

positions as (
    select * from {{ ref('contract_positions') }}
)

select
    cast(earned.contract_id as varchar) as contract_id,
    cast(contracts.customer_id as varchar) as customer_id,
    cast(earned.entity_id as varchar) as entity_id,
    cast(earned.currency as varchar) as currency,
    cast(contracts.contract_kind as varchar) as contract_kind,
    cast(earned.period as date) as period,
    cast(coalesce(prices.fixed_minor, 0) as bigint) as fixed_price_minor,
    cast(coalesce(prices.variable_minor, 0) as bigint) as variable_price_minor,
    cast(earned.earned_minor - earned.catch_up_minor as bigint) as delivered_minor,
    cast(earned.catch_up_minor as bigint) as catch_up_minor,
    cast(earned.taken_back_minor as bigint) as taken_back_minor,
    cast(earned.supplier_share_minor as bigint) as supplier_share_minor,
    cast(earned.net_revenue_minor as bigint) as net_revenue_minor,
    cast(
        sum(earned.recognised_minor) over (
            partition by earned.contract_id, earned.entity_id, earned.currency order by earned.period
        ) as bigint
    ) as recognised_to_date_minor,
    cast(coalesce(positions.deferred_minor, 0) as bigint) as deferred_minor,
    cast(coalesce(positions.refund_liability_minor, 0) as bigint) as refund_liability_minor,
    cast(coalesce(positions.unbilled_minor, 0) as bigint) as unbilled_minor
from earned
inner join {{ ref('contracts') }} as contracts
    on earned.contract_id = contracts.contract_id
left join prices
    on earned.contract_id = prices.contract_id and earned.period = prices.period
left join positions
    on
        earned.contract_id = positions.contract_id
        and earned.entity_id = positions.entity_id
        and earned.currency = positions.currency
        and earned.period = positions.period
