{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
select entry_key, currency, sum(debit_minor) as debit_minor, sum(credit_minor) as credit_minor
from {{ ref('ledger_entry_lines') }}
group by entry_key, currency
having sum(debit_minor) <> sum(credit_minor)
