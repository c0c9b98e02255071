select
    cast(lines.period as date) as period,
    cast(lines.line_id as varchar) as line_id,
    cast(lines.entity_id as varchar) as entity_id,
    cast(lines.stream as varchar) as stream,
    cast(lines.comparison as varchar) as comparison,
    -- A line that stayed what it was keeps a row, so that the lines sum to the whole.
    cast(coalesce(drivers.driver, 'unchanged') as varchar) as driver,
    cast(lines.currency as varchar) as currency,
    cast(coalesce(drivers.amount_minor, 0) as bigint) as amount_minor,
    cast(lines.base_minor as bigint) as base_minor,
    cast(lines.current_minor as bigint) as current_minor,
    cast(lines.change_minor as bigint) as change_minor,
    cast(lines.basis as varchar) as basis,
    cast(lines.threshold_minor as bigint) as threshold_minor,
    cast(lines.needs_explanation as boolean) as needs_explanation,
    cast(lines.blocks_seal as boolean) as blocks_seal,
    cast(lines.explanation as varchar) as explanation,
    cast(lines.explained_by as varchar) as explained_by
from {{ ref('flux_lines') }} as lines
left join {{ ref('revenue_flux') }} as drivers
    on
        lines.entity_id = drivers.entity_id
        and lines.stream = drivers.stream
        and lines.period = drivers.period
        and lines.comparison = drivers.comparison
where lines.scope = 'revenue'
