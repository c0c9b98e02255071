{{ config(meta={'dagster': {'ref': {'name': 'entry_evidence'}}}) }}
select distinct lines.entry_key
from {{ ref('ledger_entry_lines') }} as lines
left join {{ ref('entry_evidence') }} as evidence
    on lines.entry_key = evidence.entry_key
where evidence.entry_key is null
