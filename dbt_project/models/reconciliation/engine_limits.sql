-- What the engine does not compute and says so: usage that a rate card has no price for, and credit pools of a contract beyond
-- those that can be open at once.
with pools as (
    select
        case
            when pools.obligation_id is null then 'stripe:credit_grant:' || pools.pool_id
            else 'salesforce:order_item:' || pools.obligation_id
        end as left_ref,
        'POOLS_BEYOND_LIMIT' as reason_code,
        contracts.entity_id,
        contracts.customer_id,
        pools.contract_id,
        {{ month_start('pools.starts_on') }} as period,
        pools.currency,
        pools.amount_minor,
        'contract ' || pools.contract_id || ': pool ' || cast(pools.lane as varchar)
        || ' of those open at once is not drawn; {{ var('pool_lanes') }} can be' as detail
    from {{ ref('drawdown_pools') }} as pools
    inner join {{ ref('contracts') }} as contracts
        on pools.contract_id = contracts.contract_id
    where pools.lane > {{ var('pool_lanes') }}
)

select * from pools
union all
select
    'salesforce:order_item:' || obligation_id as left_ref,
    'UNRATED_QUANTITY' as reason_code,
    entity_id,
    customer_id,
    contract_id,
    period,
    currency,
    cast(0 as bigint) as amount_minor,
    'contract ' || contract_id || ': ' || cast(unrated_quantity as varchar) || ' of ' || sku || ' in '
    || substr(cast(period as varchar), 1, 7) || ' have no price on the rate card' as detail
from {{ ref('unrated_quantities') }}
