-- What contracts are ahead of their billing, month by month, as unbilled receivable and as contract asset:
-- opening + ahead of billing - billed since = closing, by contract. A test proves that they explain the trial balance.
with movements as (
    select
        entity_id,
        currency,
        account_code,
        period,
        sum(greatest(amount_minor, 0)) as ahead_minor,
        sum(least(amount_minor, 0)) as billed_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code in ('1150', '1160') and entry_type = 'presentation'
    group by entity_id, currency, account_code, period
)

select
    balances.entity_id,
    balances.currency,
    balances.account_code,
    balances.period,
    balances.opening_minor,
    cast(coalesce(movements.ahead_minor, 0) as bigint) as ahead_minor,
    cast(coalesce(movements.billed_minor, 0) as bigint) as billed_minor,
    balances.closing_minor
from {{ ref('trial_balance') }} as balances
left join movements
    on
        balances.entity_id = movements.entity_id
        and balances.currency = movements.currency
        and balances.account_code = movements.account_code
        and balances.period = movements.period
where balances.account_code in ('1150', '1160')
