-- What was given back lowers the schedule too; in the ledger it has accounts of its own.
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
        accounts.account_type = 'revenue'
        or (lines.entry_type = 'contra' and accounts.account_type in ('contra_revenue', 'expense'))
)

select entity_id, currency, period, sum(amount_minor) as difference_minor
from sides
group by entity_id, currency, period
having sum(amount_minor) <> 0
