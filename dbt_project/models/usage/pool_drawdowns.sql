-- Usage of a contract, in order of day and obligation, against its pools, lane after lane. What a pool gave to date
-- is the usage that reached it to date, between nothing and its amount; a day's draw is the difference.
{%- set lanes = range(1, var('pool_lanes') + 1) %}
with pools as (
    select * from {{ ref('drawdown_pools') }}
),

left_over_0 as (
    select
        rated.contract_id,
        rated.obligation_id,
        rated.sku,
        rated.usage_date,
        rated.rated_minor as left_over_minor
    from {{ ref('rated_days') }} as rated
    where rated.contract_id in (select contract_id from pools)
),
{% for lane in lanes %}
reached_{{ lane }} as (
    select
        usage.*,
        pools.pool_id,
        case
            when pools.pool_id is not null
                then least(
                    greatest(
                        sum(usage.left_over_minor) over (
                            partition by pools.pool_id
                            order by usage.usage_date, usage.obligation_id
                        ), 0
                    ),
                    pools.amount_minor
                )
        end as drawn_to_date_minor
    from left_over_{{ lane - 1 }} as usage
    left join pools
        on
            usage.contract_id = pools.contract_id
            and usage.usage_date >= pools.starts_on
            and usage.usage_date < pools.ends_on
            and pools.lane = {{ lane }}
            and (pools.scope_skus is null or '|' || pools.scope_skus || '|' like '%|' || usage.sku || '|%')
),

drawn_{{ lane }} as (
    select
        contract_id,
        obligation_id,
        sku,
        usage_date,
        pool_id,
        left_over_minor,
        coalesce(
            drawn_to_date_minor - coalesce(
                lag(drawn_to_date_minor) over (
                    partition by pool_id
                    order by usage_date, obligation_id
                ), 0
            ), 0
        ) as drawn_minor
    from reached_{{ lane }}
),

left_over_{{ lane }} as (
    select
        contract_id,
        obligation_id,
        sku,
        usage_date,
        left_over_minor - drawn_minor as left_over_minor
    from drawn_{{ lane }}
),
{% endfor %}
drawn as (
    {%- for lane in lanes %}
    select * from drawn_{{ lane }}
    where pool_id is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    drawn.pool_id,
    drawn.obligation_id,
    drawn.usage_date,
    drawn.contract_id,
    pools.pool_kind,
    pools.obligation_id as pool_obligation_id,
    cast(drawn.drawn_minor as bigint) as drawn_minor
from drawn
inner join pools using (pool_id)
where drawn.drawn_minor <> 0
