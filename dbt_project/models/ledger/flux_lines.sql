-- Every line that is compared with an earlier month or a plan, whether it moved enough to need an explanation, and the newest
-- one kept for it. A line is measured by its change or its largest part, whichever is larger: opposite parts do not hide.
with parts as (
    select entity_id, stream, period, comparison, max(abs(amount_minor)) as largest_part_minor
    from {{ ref('revenue_flux') }}
    group by entity_id, stream, period, comparison
),

lines as (
    select
        'revenue' as scope,
        'revenue/' || totals.entity_id || '/' || totals.stream || '/' || totals.comparison as line_id,
        totals.entity_id,
        totals.period,
        totals.comparison,
        totals.stream,
        cast(null as varchar) as account_code,
        totals.currency,
        totals.basis,
        totals.base_minor,
        totals.current_minor,
        totals.change_minor,
        coalesce(parts.largest_part_minor, 0) as largest_part_minor
    from {{ ref('revenue_flux_totals') }} as totals
    left join parts
        on
            totals.entity_id = parts.entity_id
            and totals.stream = parts.stream
            and totals.period = parts.period
            and totals.comparison = parts.comparison
    union all
    select
        'account' as scope,
        'account/' || entity_id || '/' || account_code as line_id,
        entity_id,
        period,
        'prior_month' as comparison,
        cast(null as varchar) as stream,
        account_code,
        currency,
        basis,
        base_minor,
        current_minor,
        change_minor,
        abs(change_minor) as largest_part_minor
    from {{ ref('account_flux') }}
),

sized as (
    select
        *,
        greatest(abs(change_minor), largest_part_minor) as size_minor
    from lines
)

select
    sized.scope,
    sized.line_id,
    sized.entity_id,
    sized.period,
    sized.comparison,
    sized.stream,
    sized.account_code,
    sized.currency,
    sized.basis,
    sized.base_minor,
    sized.current_minor,
    sized.change_minor,
    cast(sized.size_minor as bigint) as size_minor,
    -- Without a threshold everything that moves needs an explanation.
    coalesce(thresholds.amount_minor, 0) as threshold_minor,
    sized.size_minor > 0
    and sized.size_minor >= coalesce(thresholds.amount_minor, 0)
    and {{ wide('sized.size_minor') }} * 10000 >= {{ wide('abs(sized.base_minor)') }} * coalesce(thresholds.percent_bps, 0)
        as needs_explanation,
    coalesce(thresholds.blocks_seal, false) as blocks_seal,
    explanations.explanation,
    explanations.explained_by
from sized
left join {{ ref('flux_thresholds') }} as thresholds
    on sized.scope = thresholds.scope and sized.entity_id = thresholds.entity_id
left join {{ ref('stg_books__explanations') }} as explanations
    on
        sized.line_id = explanations.line_id
        and sized.period = explanations.period
        and explanations.is_newest
