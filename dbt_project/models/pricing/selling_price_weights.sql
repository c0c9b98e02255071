-- Step 4: what each obligation sells for alone, as its weight in sharing the price of its group. Goods that are regularly
-- sold together weigh what the bundle sells for, when the order's discount reaches the bundle's (606-10-32-37); a highly
-- variable price is the residual of the others, and refused outside its range (606-10-32-34(c)).
with priced as (
    select
        prices.*,
        selling_prices.ssp_basis,
        selling_prices.low_minor,
        selling_prices.high_minor,
        sum(case when prices.price_share <> 'stated' then prices.stated_price_minor else 0 end)
            over (partition by prices.allocation_group) as group_price_minor,
        case
            when prices.price_share <> 'own' then 0
            when options.option_id is not null then options.ssp_minor
            else {{ ssp_weight('prices', 'selling_prices') }}
        end as own_weight,
        coalesce(selling_prices.ssp_basis = 'residual' and options.option_id is null, false) as is_residual
    from {{ ref('transaction_prices') }} as prices
    left join {{ ref('selling_prices_in_force') }} as selling_prices
        on
            prices.entity_id = selling_prices.entity_id
            and prices.sku = selling_prices.sku
            and prices.currency = selling_prices.currency
            and prices.booked_date >= selling_prices.effective_from
            and (selling_prices.effective_to is null or prices.booked_date < selling_prices.effective_to)
    left join {{ ref('material_right_grants') }} as options
        on prices.obligation_id = options.option_id
),

bundles as (
    select
        *,
        count(*) over (partition by bundle_id) as sku_count
    from {{ ref('bundle_selling_prices') }}
),

bundled_members as (
    select
        priced.obligation_id,
        priced.allocation_group,
        bundles.bundle_id,
        bundles.sku_count,
        bundles.bundle_minor,
        priced.own_weight,
        row_number() over (partition by priced.obligation_id order by bundles.sku_count desc, bundles.bundle_id) as preference
    from priced
    inner join bundles
        on
            priced.sku = bundles.sku
            and priced.currency = bundles.currency
            and priced.quantity = 1
            and priced.booked_date >= bundles.effective_from
            and (bundles.effective_to is null or priced.booked_date < bundles.effective_to)
),

whole_bundles as (
    select
        *,
        count(*) over (partition by allocation_group, bundle_id) as member_count
    from bundled_members
    where preference = 1
),

complete_bundles as (
    select * from whole_bundles
    where member_count = sku_count
),

bundle_parts as (
    {{ largest_remainder('complete_bundles', ['allocation_group', 'bundle_id'], ['obligation_id'], 'bundle_minor', 'own_weight') }}
),

weighed as (
    select
        priced.*,
        bundle_parts.part_minor as bundle_weight,
        max(case when priced.is_residual then 1 else 0 end) over (partition by priced.allocation_group) = 1 as has_residual,
        sum(coalesce(bundle_parts.part_minor, priced.own_weight)) over (partition by priced.allocation_group) as bundled_total
    from priced
    left join bundle_parts
        on priced.obligation_id = bundle_parts.obligation_id
),

decided as (
    select
        *,
        case
            when is_residual then group_price_minor - coalesce(bundled_total, 0)
            when bundle_weight is not null and (has_residual or group_price_minor <= bundled_total) then bundle_weight
            else own_weight
        end as weight
    from weighed
),

judged as (
    select
        *,
        max(
            case
                when
                    is_residual and (
                        weight < {{ mul_div('cast(quantity * 1000000 as bigint)', 'low_minor', '1000000') }}
                        or weight > {{ mul_div('cast(quantity * 1000000 as bigint)', 'high_minor', '1000000') }}
                        or weight < 0
                    )
                    or has_residual and weight is null
                    then 1
                else 0
            end
        ) over (partition by allocation_group) = 1
        or sum(case when is_residual then 1 else 0 end) over (partition by allocation_group) > 1 as is_refused
    from decided
)

select
    obligation_id,
    contract_id,
    order_id,
    allocation_group,
    price_group_id,
    entity_id,
    currency,
    price_share,
    ssp_basis,
    stated_price_minor,
    stated_until_termination_minor,
    cast(weight as bigint) as ssp_weight,
    case
        when is_refused then 'RESIDUAL_UNREASONABLE'
        when weight is null then 'OBLIGATION_WITHOUT_SSP'
    end as hold_reason
from judged
