{{ config(meta={'dagster': {'ref': {'name': 'rec_exceptions'}}}) }}
with expected as (
    {%- for handoff in ['orders_to_billing', 'usage_to_invoices', 'invoices_to_cash', 'payouts_to_bank', 'ledger_to_gl', 'evidence'] %}
    {{ 'union all' if not loop.first }}
    select rec_id from {{ ref('rec_' ~ handoff) }}
    where status <> 'matched'
    {%- endfor %}
)

select coalesce(expected.rec_id, exceptions.rec_id) as rec_id
from expected
full outer join {{ ref('rec_exceptions') }} as exceptions
    on expected.rec_id = exceptions.rec_id
where expected.rec_id is null or exceptions.rec_id is null
