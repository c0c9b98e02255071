{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
-- What has no rate is named by missing_rates and cannot be posted.
select entity_id, entry_key, functional_currency, sum(functional_minor) as functional_minor
from {{ ref('ledger_entry_lines') }}
group by entity_id, entry_key, functional_currency
having sum(functional_minor) <> 0 and count(*) = count(functional_minor)
