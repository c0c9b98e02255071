-- The price of a day is what the month to date costs with it less what it cost without: tiers see the month,
-- so a day can be cheaper than nothing when it reaches a lower volume price.
with days as (
    select
        matched.obligation_id,
        matched.usage_date,
        {{ month_start('matched.usage_date') }} as period,
        obligations.sku,
        obligations.contract_id,
        obligations.entity_id,
        obligations.customer_id,
        obligations.currency,
        cast(sum(matched.quantity) as decimal(18, 6)) as quantity,
        cast(sum(matched.raw_quantity) as decimal(18, 6)) as raw_quantity,
        cast(sum(matched.quantity_at_invoicing) as decimal(18, 6)) as quantity_at_invoicing
    from {{ ref('matched_usage') }} as matched
    inner join {{ ref('obligations') }} as obligations using (obligation_id)
    group by all
),

cumulative as (
    select
        *,
        cast(
            sum(quantity) over (
                partition by obligation_id, period
                order by usage_date
            ) as decimal(18, 6)
        ) as month_to_date_quantity
    from days
),

rated_to_date as (
    {{ rated('cumulative', ['obligation_id', 'usage_date'], 'month_to_date_quantity') }}
)

select
    cumulative.obligation_id,
    cumulative.usage_date,
    cumulative.period,
    cumulative.sku,
    cumulative.contract_id,
    cumulative.entity_id,
    cumulative.customer_id,
    cumulative.currency,
    cumulative.quantity,
    cumulative.raw_quantity,
    cumulative.quantity_at_invoicing,
    cumulative.month_to_date_quantity,
    coalesce(rated_to_date.rated_minor, 0) as rated_to_date_minor,
    coalesce(rated_to_date.rated_minor, 0) - coalesce(
        lag(rated_to_date.rated_minor) over (
            partition by cumulative.obligation_id, cumulative.period
            order by cumulative.usage_date
        ), 0
    ) as rated_minor
from cumulative
left join rated_to_date using (obligation_id, usage_date)
