-- The times at which the price of a group of obligations was shared: when it was agreed (round 0), and at each
-- prospective modification, which closes what was recognised and shares what remains over what is still to come. One that
-- adds no goods and changes no price, quantity or end is no time to share anything.
with amended as (
    select
        items.order_id,
        items.changed_item_id,
        items.stated_price_minor,
        items.quantity,
        items.service_end_date,
        lag(items.service_end_date) over (
            partition by coalesce(items.changed_item_id, items.order_item_id)
            order by case when items.changed_item_id is null then 0 else 1 end, versions.effective_date, items.order_item_id
        ) as end_before
    from {{ ref('promised_items') }} as items
    inner join {{ ref('contract_versions') }} as versions
        on items.order_id = versions.order_id
),

substantive as (
    select distinct order_id from amended
    where changed_item_id is null or stated_price_minor <> 0 or quantity <> 0 or service_end_date <> end_before
),

modified as (
    select
        price_group_id,
        effective_date as starts_on,
        row_number() over (partition by price_group_id order by effective_date) as round_no
    from {{ ref('contract_versions') }}
    where
        modification_method = 'prospective'
        and hold_reason is null
        and price_group_id <> order_id
        and order_id in (select order_id from substantive)
    group by price_group_id, effective_date
),

rounds as (
    select distinct
        price_group_id,
        cast(0 as bigint) as round_no,
        cast('0001-01-01' as date) as starts_on
    from {{ ref('contract_versions') }}
    where hold_reason is null
    union all
    select
        price_group_id,
        round_no,
        starts_on
    from modified
)

select
    price_group_id,
    round_no,
    starts_on,
    coalesce(
        lead(starts_on) over (partition by price_group_id order by round_no), cast('9999-12-31' as date)
    ) as ends_on
from rounds
