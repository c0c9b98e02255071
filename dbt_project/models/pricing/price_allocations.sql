-- The fixed price of an order, shared over its obligations by relative standalone selling price.
-- An obligation without an SSP on its booking date is held: it gets no price, and the others share their own total.
with priced as (
    select
        prices.obligation_id,
        prices.contract_id,
        prices.order_id,
        prices.entity_id,
        prices.currency,
        prices.stated_price_minor,
        prices.stated_until_termination_minor,
        selling_prices.ssp_basis,
        selling_prices.ssp_minor,
        case selling_prices.ssp_basis
            -- The selling price of a month, over the days of the service: quantity x SSP x days x 12 / 365.
            when 'per_unit_month'
                then {{ mul_div(
                    'cast(prices.quantity * 1000000 as bigint)',
                    'selling_prices.ssp_minor * 12 * ' ~ days_between('prices.service_start_date', 'prices.service_end_date'),
                    '365000000'
                ) }}
            when 'per_unit'
                then {{ mul_div('cast(prices.quantity * 1000000 as bigint)', 'selling_prices.ssp_minor', '1000000') }}
            -- Sold at face value: what the order states is what it sells for alone.
            when 'stated_price' then prices.stated_price_minor
        end as ssp_weight
    from {{ ref('transaction_prices') }} as prices
    left join {{ ref('standalone_selling_prices') }} as selling_prices
        on
            prices.sku = selling_prices.sku
            and prices.currency = selling_prices.currency
            and prices.booked_date >= selling_prices.effective_from
            and (selling_prices.effective_to is null or prices.booked_date < selling_prices.effective_to)
),

with_order_total as (
    select
        *,
        sum(stated_price_minor) over (partition by order_id) as order_price_minor
    from priced
    where ssp_weight is not null
),

allocated as (
    {{ largest_remainder('with_order_total', ['order_id'], ['obligation_id'], 'order_price_minor', 'ssp_weight') }}
)

select
    priced.obligation_id,
    priced.contract_id,
    priced.order_id,
    priced.entity_id,
    priced.currency,
    priced.ssp_basis,
    cast(priced.ssp_weight as bigint) as ssp_weight,
    priced.stated_price_minor,
    allocated.part_minor as allocated_minor,
    -- A termination leaves the part of the price that was due before it, at the allocated rate.
    case
        when priced.stated_until_termination_minor is not null and allocated.part_minor is not null
            then coalesce(
                {{ mul_div('priced.stated_until_termination_minor', 'allocated.part_minor', 'priced.stated_price_minor') }}, 0
            )
    end as allocated_until_termination_minor,
    case when priced.ssp_weight is null then 'OBLIGATION_WITHOUT_SSP' end as hold_reason
from priced
left join allocated
    on priced.obligation_id = allocated.obligation_id
