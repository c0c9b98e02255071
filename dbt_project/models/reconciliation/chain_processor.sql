-- What the card processor keeps and holds, by payout or balance, and what card cash lacks once that and payouts are taken
-- off: nothing, or it stays unexplained.
with processed as (
    select
        entity_id,
        currency,
        coalesce(payout_id, 'balance:' || entity_id || '|' || currency) as group_key,
        created_date,
        net_minor,
        payout_id is null as is_pending,
        case
            when type in ('charge', 'payment', 'refund', 'dispute', 'dispute_reversal') then fee_minor
            when type <> 'payout_reversal' then -net_minor
            else 0
        end as fee_minor
    from {{ ref('processor_transactions') }}
    where type <> 'payout'
),

cash_sides as (
    select entity_id, currency, received_date as moved_date, amount_minor from {{ ref('receipts') }}
    where kind = 'card'
    union all
    select
        entity_id, currency, reversal_date as moved_date,
        case when kind = 'dispute_reinstated' then amount_minor else -amount_minor end as amount_minor
    from {{ ref('card_reversals') }}
    where kind <> 'dispute_lost'
    union all
    select entity_id, currency, created_date as moved_date, -fee_minor as amount_minor from processed
    union all
    select entity_id, currency, created_date as moved_date, -net_minor as amount_minor from processed
    where is_pending
    union all
    select entity_id, currency, arrival_date as moved_date, -amount_minor as amount_minor from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
)

select
    'card_fees' as hop,
    cast(null as varchar) as ref,
    group_key,
    entity_id,
    currency,
    {{ month_start('max(created_date)') }} as period,
    cast(sum(fee_minor) as bigint) as gap_minor,
    cast(sum(fee_minor) as bigint) as explained_minor
from processed
group by group_key, entity_id, currency
union all
select
    'deposited' as hop,
    'stripe:balance:' || entity_id || '|' || currency as ref,
    group_key,
    entity_id,
    currency,
    {{ month_start('max(created_date)') }} as period,
    cast(sum(net_minor) as bigint) as gap_minor,
    -- Its row in the reconciliation says.
    cast(null as bigint) as explained_minor
from processed
where is_pending
group by group_key, entity_id, currency
union all
select
    'deposited' as hop,
    null as ref,
    'processor:' || entity_id || '|' || currency as group_key,
    entity_id,
    currency,
    {{ month_start('max(moved_date)') }} as period,
    cast(sum(amount_minor) as bigint) as gap_minor,
    cast(0 as bigint) as explained_minor
from cash_sides
group by entity_id, currency
