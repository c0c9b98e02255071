{{ config(meta={'dagster': {'ref': {'name': 'posted_entry_lines'}}}) }}
select batch_id, entry_key, entity_id, currency, period, sum(amount_minor) as off_minor
from {{ ref('posted_entry_lines') }}
group by batch_id, entry_key, entity_id, currency, period
having sum(amount_minor) <> 0
