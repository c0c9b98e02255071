-- What a contract owes its customer at a month end, or is owed: billed less recognised, never both at once. What is expected
-- to be given back is a refund liability, the rest deferred. Contracts are not netted with each other; what can be claimed
-- back is a deposit and stands outside.
with movements as (
    {%- for entries in ['invoice_entries', 'card_entries', 'loss_entries', 'contra_entries', 'revenue_entries', 'financing_entries'] %}
    {{ 'union all' if not loop.first }}
    select contract_id, obligation_id, entity_id, currency, entry_date, amount_minor
    from {{ ref(entries) }}
    where account_code = '2100'
    {%- endfor %}
),

changes as (
    select
        movements.contract_id,
        movements.entity_id,
        movements.currency,
        {{ month_start('movements.entry_date') }} as period,
        -movements.amount_minor as movement_minor,
        null as expected_minor
    from movements
    left join {{ ref('obligations') }} as obligations
        on movements.obligation_id = obligations.obligation_id
    where not coalesce(obligations.is_refundable, false)
    union all
    select
        contract_id,
        entity_id,
        currency,
        period,
        0 as movement_minor,
        expected_minor
    from {{ ref('expected_refunds') }}
),

by_month as (
    select
        contract_id,
        entity_id,
        currency,
        period,
        sum(movement_minor) as movement_minor,
        coalesce(max(expected_minor), 0) as expected_minor
    from changes
    group by contract_id, entity_id, currency, period
),

positions as (
    select
        *,
        sum(movement_minor) over (partition by contract_id, entity_id, currency order by period) as position_minor
    from by_month
),

shown as (
    select
        *,
        least(greatest(position_minor, 0), expected_minor) as refund_liability_minor,
        greatest(-position_minor, 0) as debit_minor
    from positions
)

select
    shown.contract_id,
    shown.entity_id,
    shown.currency,
    shown.period,
    -- A right that only time stands before is an unbilled receivable, any other a contract asset (606-10-45-3).
    coalesce(kinds.debit_account, '1150') as debit_account,
    cast(shown.movement_minor as bigint) as movement_minor,
    cast(shown.position_minor as bigint) as position_minor,
    cast(greatest(shown.position_minor, 0) - shown.refund_liability_minor as bigint) as deferred_minor,
    cast(shown.refund_liability_minor as bigint) as refund_liability_minor,
    cast(shown.debit_minor as bigint) as unbilled_minor,
    {%- for amount, name in [('refund_liability_minor', 'refund_liability_change_minor'), ('debit_minor', 'unbilled_change_minor')] %}
    cast(
        shown.{{ amount }} - coalesce(
            lag(shown.{{ amount }}) over (
                partition by shown.contract_id, shown.entity_id, shown.currency order by shown.period
            ), 0
        ) as bigint
    ) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from shown
left join {{ ref('contracts') }} as contracts
    on shown.contract_id = contracts.contract_id
left join {{ ref('contract_kinds') }} as kinds
    on contracts.contract_kind = kinds.contract_kind
