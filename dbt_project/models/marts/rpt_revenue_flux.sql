select
    cast(lines.period as date) as period,
    cast(lines.line_id as varchar) as line_id,
    cast(lines.entity_id as varchar) as entity_id,
    cast(lines.stream as varchar) as stream,
    cast(lines.comparison as varchar) as comparison,
    cast(drivers.driver as varchar) as driver,
    cast(lines.currency as varchar) as currency,
    cast(drivers.amount_minor as bigint) as amount_minor,
    cast(lines.base_minor as bigint) as base_minor,
    cast(lines.current_minor as bigint) as current_minor,
    cast(lines.change_minor as bigint) as change_minor,
    cast(lines.basis as varchar) as basis,
    cast(lines.threshold_minor as bigint) as threshold_minor,
    cast(lines.needs_explanation as boolean) as needs_explanation,
    cast(lines.blocks_seal as boolean) as blocks_seal,
    cast(lines.explanation as varchar) as explanation,
    cast(lines.explained_by as varchar) as explained_by
from {{ ref('revenue_flux') }} as drivers
inner join {{ ref('flux_lines') }} as lines
    on
        drivers.entity_id = lines.entity_id
        and drivers.stream = lines.stream
        and drivers.period = lines.period
        and drivers.comparison = lines.comparison
        and lines.scope = 'revenue'
