{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
select entry_key, functional_currency, sum(functional_minor) as functional_minor
from {{ ref('ledger_entry_lines') }}
group by entry_key, functional_currency
having sum(functional_minor) <> 0
