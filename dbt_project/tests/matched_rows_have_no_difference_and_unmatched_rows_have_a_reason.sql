{{ config(meta={'dagster': {'ref': {'name': 'rec_orders_to_billing'}}}) }}
{% for handoff in ['orders_to_billing', 'usage_to_invoices', 'invoices_to_cash', 'payouts_to_bank', 'ledger_to_gl'] %}
{{ 'union all' if not loop.first }}
select rec_id, status, reason_code, difference_minor
from {{ ref('rec_' ~ handoff) }}
where (status = 'matched' and (difference_minor <> 0 or reason_code is not null)) or (status <> 'matched' and reason_code is null)
{% endfor %}
