{{ config(meta={'dagster': {'ref': {'name': 'posted_entry_lines'}}}) }}
select batch_id, entry_key, entity_id, functional_currency, period, sum(functional_minor) as off_minor
from {{ ref('posted_entry_lines') }}
group by batch_id, entry_key, entity_id, functional_currency, period
having sum(functional_minor) <> 0
