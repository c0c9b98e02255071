-- What customers owe on invoices, month by month: opening + invoiced - settled = closing, by kind of movement.
-- Opening and closing are the trial balance's own; a test proves that the movements explain the difference.
{%- set kinds = [
    'invoice', 'void', 'credit_note', 'receipt_card', 'receipt_bank',
    'refund', 'dispute_withdrawn', 'dispute_reinstated', 'dispute_lost', 'write_off', 'recovery', 'deposit', 'deposit_applied',
    'intercompany_receipt',
] %}
with movements as (
    select
        entity_id,
        currency,
        period,
        {%- for kind in kinds %}
        sum(case when entry_type = '{{ kind }}' then amount_minor else 0 end) as {{ kind }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('ledger_entry_lines') }}
    where account_code = '1100'
    group by entity_id, currency, period
)

select
    balances.entity_id,
    balances.currency,
    balances.period,
    balances.opening_minor,
    {%- for kind in kinds %}
    cast(coalesce(movements.{{ kind }}_minor, 0) as bigint) as {{ kind }}_minor,
    {%- endfor %}
    balances.closing_minor
from {{ ref('trial_balance') }} as balances
left join movements
    on
        balances.entity_id = movements.entity_id
        and balances.currency = movements.currency
        and balances.period = movements.period
where balances.account_code = '1100'
