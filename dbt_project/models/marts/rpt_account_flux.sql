select
    cast(lines.period as date) as period,
    cast(lines.line_id as varchar) as line_id,
    cast(lines.entity_id as varchar) as entity_id,
    cast(lines.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(lines.currency as varchar) as currency,
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
left join {{ ref('accounts') }} as accounts
    on lines.account_code = cast(accounts.account_code as varchar)
where lines.scope = 'account'
