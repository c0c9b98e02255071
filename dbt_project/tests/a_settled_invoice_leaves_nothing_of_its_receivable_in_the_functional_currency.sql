{{ config(meta={'dagster': {'ref': {'name': 'ledger_entry_lines'}}}) }}
-- A receivable is carried at the rate of its invoice: once it is settled, the difference is in account 7000, but for what the
-- rounding of each part leaves.
select
    invoice_id,
    sum(functional_minor) as functional_minor
from {{ ref('ledger_entry_lines') }}
where account_code = '1100' and invoice_id is not null
group by invoice_id
having sum(amount_minor) = 0 and abs(sum(functional_minor)) > count(*)
