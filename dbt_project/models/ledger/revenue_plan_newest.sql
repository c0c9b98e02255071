-- The plan of each month: its newest version that took effect before the cut-off.
with versions as (
    select
        *,
        row_number() over (partition by entity_id, stream, period order by effective_date desc, version desc) as version_rank
    from {{ ref('revenue_plan') }}
    where effective_date < {{ as_of_date() }}
)

select
    entity_id,
    stream,
    period,
    currency,
    plan_minor,
    plan_unit,
    {{ millionths('plan_quantity') }} as plan_quantity_millionths,
    version,
    effective_date
from versions
where version_rank = 1
