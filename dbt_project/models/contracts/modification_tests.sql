-- What the rule for modifications asks of each amendment: does it only add goods, at what they sell for alone, and are
-- the goods that remain distinct from those delivered (606-10-25-12 and 25-13)?
with amendments as (
    select * from {{ ref('stg_salesforce__orders') }}
    where not is_deleted and status = 'Activated' and order_type = 'Amendment'
),

prices as (
    select
        *,
        coalesce(low_minor, ssp_minor) as lowest_minor,
        coalesce(high_minor, ssp_minor) as highest_minor
    from {{ ref('selling_prices_in_force') }}
),

items as (
    select
        promised.*,
        -- Goods of a series or counted units are distinct; parts of one project are not.
        promised.pattern not in ('percent_complete', 'milestone') as is_distinct,
        {{ ssp_weight('promised', 'prices', 'lowest_minor') }} as low_minor,
        {{ ssp_weight('promised', 'prices', 'highest_minor') }} as high_minor
    from {{ ref('promised_items') }} as promised
    left join prices
        on
            promised.entity_id = prices.entity_id
            and promised.sku = prices.sku
            and promised.currency = prices.currency
            and promised.booked_date >= prices.effective_from
            and (prices.effective_to is null or promised.booked_date < prices.effective_to)
    where not promised.is_usage
)

select
    amendments.order_id,
    coalesce(max(case when items.changed_item_id is not null then 1 else 0 end), 0) = 1 as changes_earlier_items,
    coalesce(min(case when items.is_distinct then 1 else 0 end), 1) = 1 as remaining_is_distinct,
    coalesce(
        sum(items.stated_price_minor) between sum(items.low_minor) and sum(items.high_minor)
        and count(items.order_item_id) = count(items.low_minor), count(items.order_item_id) = 0
    ) as is_at_selling_price
from amendments
left join items
    on amendments.order_id = items.order_id
group by amendments.order_id
