-- The times at which the price of a group of obligations was shared: when it was agreed (round 0), and at each
-- prospective modification, which closes what was recognised and shares what remains over what is still to come.
with modified as (
    select
        price_group_id,
        effective_date as starts_on,
        row_number() over (partition by price_group_id order by effective_date) as round_no
    from {{ ref('contract_versions') }}
    where modification_method = 'prospective' and hold_reason is null and price_group_id <> order_id
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
