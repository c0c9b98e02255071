-- Revenue of each interval: recognised to date at its end less at its start, past (`is_actual`) and still to come.
-- An agent keeps what is left of the gross after the supplier's share, which is rounded once on the amount to date.
with reduced as (
    select
        progress.obligation_id,
        progress.measured_to,
        sum(splits.recognised_minor) as contra_minor
    from {{ ref('reduction_splits') }} as splits
    inner join {{ ref('obligation_progress') }} as progress
        on
            splits.obligation_id = progress.obligation_id
            and splits.reduction_date >= progress.measured_from
            and splits.reduction_date < progress.measured_to
    group by progress.obligation_id, progress.measured_to
),

-- What was signed and takes effect later belongs to the price, though nothing of it is recognised yet.
signed as (
    select
        progress.obligation_id,
        progress.measured_to,
        sum(changes.stated_price_minor) as signed_minor
    from {{ ref('order_changes') }} as changes
    inner join {{ ref('contract_versions') }} as versions
        on changes.order_id = versions.order_id
    inner join {{ ref('obligation_progress') }} as progress
        on
            changes.obligation_id = progress.obligation_id
            and progress.measured_to > cast(versions.activated_at as date)
            and progress.measured_to <= changes.effective_date
    where changes.modification_method in ('prospective', 'catch_up')
    group by progress.obligation_id, progress.measured_to
),

-- Narrow until the differences are taken: sorting what an obligation says of itself costs more than joining it.
to_date as (
    select
        progress.obligation_id,
        progress.measured_to,
        progress.period,
        progress.is_actual,
        progress.price_minor,
        progress.recognised_to_date_minor,
        progress.catch_up_minor,
        {{ mul_div('progress.recognised_to_date_minor', 'obligations.supplier_share_bps', '10000') }} as supplier_to_date_minor
    from {{ ref('obligation_progress') }} as progress
    inner join {{ ref('obligations') }} as obligations
        on progress.obligation_id = obligations.obligation_id
),

differences as (
    select
        *,
        recognised_to_date_minor - coalesce(
            lag(recognised_to_date_minor) over (partition by obligation_id order by measured_to), 0
        ) as recognised_minor,
        supplier_to_date_minor - coalesce(
            lag(supplier_to_date_minor) over (partition by obligation_id order by measured_to), 0
        ) as supplier_share_minor
    from to_date
),

intervals as (
    select
        differences.* {{ without_columns(['price_minor']) }},
        differences.price_minor + coalesce(signed.signed_minor, 0) as price_minor,
        coalesce(reduced.contra_minor, 0) as contra_minor
    from differences
    left join signed
        on differences.obligation_id = signed.obligation_id and differences.measured_to = signed.measured_to
    left join reduced
        on differences.obligation_id = reduced.obligation_id and differences.measured_to = reduced.measured_to
)

select
    intervals.obligation_id,
    intervals.measured_to,
    intervals.period,
    intervals.is_actual,
    obligations.contract_id,
    obligations.customer_id,
    obligations.entity_id,
    obligations.currency,
    obligations.sku,
    obligations.stream,
    obligations.is_usage,
    obligations.revenue_account,
    -- What usage is worth is only known when it is used, so that is when it is booked.
    case when obligations.is_usage then intervals.period else {{ month_start('obligations.booked_date') }} end as booked_period,
    cast(intervals.price_minor as bigint) as price_minor,
    intervals.recognised_to_date_minor,
    intervals.recognised_minor,
    intervals.supplier_share_minor,
    intervals.recognised_minor - intervals.supplier_share_minor as net_revenue_minor,
    cast(intervals.catch_up_minor as bigint) as catch_up_minor,
    cast(intervals.contra_minor as bigint) as contra_minor,
    -- What the revenue account is credited with: contra revenue carries the rest.
    cast(intervals.recognised_minor - intervals.supplier_share_minor + intervals.contra_minor as bigint) as earned_minor,
    cast(intervals.price_minor - intervals.recognised_to_date_minor as bigint) as remaining_minor
from intervals
inner join {{ ref('obligations') }} as obligations
    on intervals.obligation_id = obligations.obligation_id
