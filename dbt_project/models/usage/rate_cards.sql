-- The tiers of each usage promise in whole numbers: millionths of a unit, 1e-10 of a minor unit. Each tier knows what
-- the full tiers below it cost, so that a quantity is priced by the one tier it reaches. A card prices from nothing up to
-- where its tiers stop touching; what lies beyond has no price and stands in unrated_quantities.
with tiers as (
    select
        obligations.obligation_id,
        tiers.tier_model,
        {{ millionths('tiers.from_quantity') }} as from_millionths,
        -- Without end: more than any quantity that the column holds.
        coalesce({{ millionths('tiers.to_quantity') }}, 9000000000000000000) as to_millionths,
        {{ millionths('tiers.package_size') }} as package_millionths,
        cast(
            cast(tiers.unit_price as decimal(28, 10)) * 10000000000 * {{ minor_factor('currencies.exponent') }} as bigint
        ) as scaled_price,
        -- What entering the tier costs, in the scale of quantity x price.
        {{ wide('cast(coalesce(tiers.flat_price, 0) as decimal(28, 10)) * 10000000000 * ' ~ minor_factor('currencies.exponent')) }} * 1000000
            as flat_cost
    from {{ ref('stg_salesforce__rate_tiers') }} as tiers
    inner join {{ ref('obligations') }} as obligations on tiers.order_item_id = obligations.obligation_id
    inner join {{ ref('currencies') }} as currencies on obligations.currency = currencies.currency
    where not tiers.is_deleted
),

linked as (
    select
        *,
        coalesce(
            from_millionths = coalesce(
                lag(to_millionths) over (partition by obligation_id order by from_millionths, to_millionths), 0
            )
            and to_millionths > from_millionths, false
        ) as follows
    from tiers
),

reached as (
    select
        *,
        min(case when follows then 1 else 0 end) over (
            partition by obligation_id order by from_millionths, to_millionths
        ) = 1 as is_reached
    from linked
),

full_tiers as (
    select
        *,
        max(to_millionths) over (partition by obligation_id) as card_end_millionths,
        case tier_model
            when 'graduated' then flat_cost + {{ wide('to_millionths - from_millionths') }} * scaled_price
            when 'package'
                then {{ wide(int_div('to_millionths - from_millionths + package_millionths - 1', 'package_millionths')) }}
                    * 1000000 * scaled_price
            else 0
        end as full_cost
    from reached
    where is_reached
)

select
    obligation_id,
    tier_model,
    from_millionths,
    to_millionths,
    card_end_millionths,
    package_millionths,
    scaled_price,
    flat_cost + coalesce(
        sum(full_cost) over (
            partition by obligation_id
            order by from_millionths
            rows between unbounded preceding and 1 preceding
        ), 0
    ) as cost_below
from full_tiers
