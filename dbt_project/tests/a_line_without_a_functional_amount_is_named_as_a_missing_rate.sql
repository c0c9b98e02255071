{{ config(meta={'dagster': {'ref': {'name': 'missing_rates'}}}) }}
select lines.entry_key
from {{ ref('ledger_entry_lines') }} as lines
left join {{ ref('missing_rates') }} as gaps
    on
        lines.entity_id = gaps.entity_id
        and lines.currency = gaps.currency
where lines.functional_minor is null and gaps.rate_date is null
