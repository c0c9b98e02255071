-- What the processor's balance moved by that no charge, refund, dispute, fee or payout of ours explains; and charges
-- and refunds that never moved it; and payouts that are not the sum of what they settle. Movements of one charge or refund are netted: one that failed later comes to nothing.
with moved as (
    select
        case
            when type in ('charge', 'charge_failure') then coalesce('stripe:charge:' || source_id, txn_ref)
            when type in ('refund', 'refund_failure') then coalesce('stripe:refund:' || source_id, txn_ref)
            else txn_ref
        end as activity_ref,
        entity_id,
        currency,
        created_date as moved_date,
        type,
        amount_minor
    from (
        select
            *,
            'stripe:balance_transaction:' || txn_id as txn_ref
        from {{ ref('processor_transactions') }}
    ) as transactions
    where type not in ('payout', 'payout_reversal', 'fee')
),

known as (
    select
        'stripe:charge:' || charge_id as activity_ref,
        entity_id,
        currency,
        charged_date as moved_date,
        amount_minor
    from {{ ref('card_charges') }}
    union all
    select
        reversal_id as activity_ref,
        entity_id,
        currency,
        reversal_date as moved_date,
        case when kind = 'dispute_reinstated' then amount_minor else -amount_minor end as amount_minor
    from {{ ref('card_reversals') }}
    where kind <> 'dispute_lost'
),

settlements as (
    -- A payout that failed comes back as a movement whose source it is.
    select
        coalesce(payout_id, source_id) as payout_id,
        entity_id,
        currency,
        created_date as moved_date,
        case when type = 'payout_reversal' then amount_minor else -net_minor end as amount_minor
    from {{ ref('processor_transactions') }}
    where type = 'payout_reversal' or (payout_id is not null and type <> 'payout')
    union all
    select
        payout_id,
        entity_id,
        currency,
        created_date as moved_date,
        amount_minor
    from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
),

sides as (
    select
        'stripe:payout:' || payout_id as activity_ref,
        entity_id,
        currency,
        moved_date,
        'payout' as type,
        amount_minor
    from settlements
    union all
    select activity_ref, entity_id, currency, moved_date, type, amount_minor from moved
    union all
    select activity_ref, entity_id, currency, moved_date, null as type, -amount_minor as amount_minor from known
)

select
    activity_ref,
    entity_id,
    currency,
    min(moved_date) as moved_date,
    coalesce(min(type), 'not in the balance') as type,
    cast(sum(amount_minor) as bigint) as amount_minor
from sides
group by activity_ref, entity_id, currency
having sum(amount_minor) <> 0
