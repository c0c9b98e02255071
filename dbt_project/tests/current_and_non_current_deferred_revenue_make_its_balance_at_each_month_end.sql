{{ config(meta={'dagster': {'ref': {'name': 'rpt_deferred_maturities'}}}) }}
-- The split of each month end, over contracts, is what account 2100 holds then.
with split as (
    select entity_id, currency, period, sum(current_minor + non_current_minor) as split_minor
    from {{ ref('rpt_deferred_maturities') }}
    group by entity_id, currency, period
),

closing as (
    select entity_id, currency, period, closing_minor
    from {{ ref('deferred_revenue_rollforward') }}
)

select
    coalesce(split.period, closing.period) as period,
    split.split_minor,
    closing.closing_minor
from split
full outer join closing
    on split.entity_id = closing.entity_id and split.currency = closing.currency and split.period = closing.period
where coalesce(split.split_minor, 0) <> coalesce(closing.closing_minor, 0)
