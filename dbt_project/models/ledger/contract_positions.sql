-- What a contract owes its customer at a month end, or is owed: billed less recognised, never both at once. What is expected
-- to be given back is a refund liability, the rest deferred. Of a debit, usage and items that only wait for their invoice are
-- an unbilled receivable, for nothing but time stands before them (606-10-45-4); the rest is a contract asset. Contracts
-- are not netted with each other. What can be claimed back is a deposit, net over the contract's refundable items, and stands
-- outside; where more was delivered of it than was paid in, the debit is part of the position.
with movements as (
    {%- for entries in ['invoice_entries', 'card_entries', 'loss_entries', 'contra_entries', 'revenue_entries', 'financing_entries'] %}
    {{ 'union all' if not loop.first }}
    select contract_id, obligation_id, entity_id, currency, entry_date, amount_minor
    from {{ ref(entries) }}
    where account_code = '2100' and entry_date < {{ as_of_date() }}
    {%- endfor %}
),

-- Invoice items that are made, and not yet on an invoice.
waiting as (
    select
        obligations.contract_id,
        items.entity_id,
        items.currency,
        items.amount_minor,
        {{ month_start('items.created_at') }} as made_period,
        {{ month_start('invoices.finalized_date') }} as invoiced_period
    from {{ ref('stg_stripe__invoice_items') }} as items
    inner join {{ ref('obligations') }} as obligations
        on
            items.order_item_id = obligations.obligation_id
            and items.entity_id = obligations.entity_id
            and items.currency = obligations.currency
    left join {{ ref('invoices') }} as invoices
        on items.invoice_id = invoices.invoice_id
    where not items.is_deleted
),

changes as (
    select
        movements.contract_id,
        movements.entity_id,
        movements.currency,
        {{ month_start('movements.entry_date') }} as period,
        case when obligations.is_refundable then 0 else -movements.amount_minor end as movement_minor,
        case when obligations.is_refundable then -movements.amount_minor else 0 end as deposit_minor,
        case when obligations.is_usage and not coalesce(obligations.is_refundable, false) then -movements.amount_minor else 0 end as usage_minor,
        0 as waiting_minor,
        null as expected_minor
    from movements
    left join {{ ref('obligations') }} as obligations
        on movements.obligation_id = obligations.obligation_id
    union all
    select
        contract_id,
        entity_id,
        currency,
        period,
        0 as movement_minor,
        0 as deposit_minor,
        0 as usage_minor,
        0 as waiting_minor,
        expected_minor
    from {{ ref('expected_refunds') }}
    {%- for period, sign in [('made_period', ''), ('invoiced_period', '-')] %}
    union all
    select
        contract_id,
        entity_id,
        currency,
        {{ period }} as period,
        0 as movement_minor,
        0 as deposit_minor,
        0 as usage_minor,
        {{ sign }}amount_minor as waiting_minor,
        null as expected_minor
    from waiting
    where made_period is distinct from invoiced_period and {{ period }} is not null
    {%- endfor %}
),

by_month as (
    select
        contract_id,
        entity_id,
        currency,
        period,
        sum(movement_minor) as movement_minor,
        sum(deposit_minor) as deposit_minor,
        sum(usage_minor) as usage_minor,
        sum(waiting_minor) as waiting_minor,
        coalesce(max(expected_minor), 0) as expected_minor
    from changes
    group by contract_id, entity_id, currency, period
),

deposits as (
    select
        *,
        greatest(-sum(deposit_minor) over (partition by contract_id, entity_id, currency order by period), 0)
            as deposit_debit_minor
    from by_month
),

positions as (
    select
        *,
        sum(movement_minor) over (partition by contract_id, entity_id, currency order by period) - deposit_debit_minor
            as position_minor,
        greatest(
            -sum(usage_minor) over (partition by contract_id, entity_id, currency order by period), 0
        ) + greatest(
            sum(waiting_minor) over (partition by contract_id, entity_id, currency order by period), 0
        ) as only_unbilled_minor
    from deposits
),

shown as (
    select
        *,
        least(greatest(position_minor, 0), expected_minor) as refund_liability_minor,
        least(greatest(-position_minor, 0), only_unbilled_minor) as unbilled_minor,
        greatest(greatest(-position_minor, 0) - only_unbilled_minor, 0) as contract_asset_minor
    from positions
)

select
    shown.contract_id,
    shown.entity_id,
    shown.currency,
    shown.period,
    cast(shown.movement_minor as bigint) as movement_minor,
    cast(shown.position_minor as bigint) as position_minor,
    cast(greatest(shown.position_minor, 0) - shown.refund_liability_minor as bigint) as deferred_minor,
    cast(shown.refund_liability_minor as bigint) as refund_liability_minor,
    cast(shown.unbilled_minor as bigint) as unbilled_minor,
    cast(shown.contract_asset_minor as bigint) as contract_asset_minor,
    {%- for amount in ['refund_liability', 'unbilled', 'contract_asset', 'deposit_debit'] %}
    cast(
        shown.{{ amount }}_minor - coalesce(
            lag(shown.{{ amount }}_minor) over (
                partition by shown.contract_id, shown.entity_id, shown.currency order by shown.period
            ), 0
        ) as bigint
    ) as {{ amount }}_change_minor{{ ',' if not loop.last }}
    {%- endfor %}
from shown
