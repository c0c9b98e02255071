{{ config(meta={'dagster': {'ref': {'name': 'revenue_flux'}}}) }}
-- Drivers of each entity, stream, month and comparison against what the postings say changed.
with both_sides as (
    select entity_id, stream, period, comparison, change_minor as amount_minor from {{ ref('revenue_flux_totals') }}
    union all
    select entity_id, stream, period, comparison, -amount_minor as amount_minor from {{ ref('revenue_flux') }}
)

select entity_id, stream, period, comparison, sum(amount_minor) as unexplained_minor
from both_sides
group by entity_id, stream, period, comparison
having sum(amount_minor) <> 0
