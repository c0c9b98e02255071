{{ config(meta={'dagster': {'ref': {'name': 'revenue_schedule'}}}) }}
-- Contra revenue included, and the revenue that a write-off turned into a credit loss.
with sides as (
    select entity_id, currency, period, net_revenue_minor as amount_minor
    from {{ ref('revenue_schedule') }}
    where is_actual
    union all
    select lines.entity_id, lines.currency, lines.period, lines.amount_minor
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('accounts') }} as accounts
        on lines.account_code = accounts.account_code
    where
        accounts.account_type in ('revenue', 'contra_revenue') and not accounts.is_intercompany
        or lines.entry_type in ('write_off', 'recovery') and lines.account_code = '6100'
)

select entity_id, currency, period, sum(amount_minor) as difference_minor
from sides
group by entity_id, currency, period
having sum(amount_minor) <> 0
