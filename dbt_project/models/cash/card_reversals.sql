-- Money that went back to a card holder, or came back from a won dispute. A lost dispute moves no money when it
-- closes: it says that the money already taken stays away.
with charges as (
    select
        charge_id,
        min(invoice_id) as invoice_id
    from {{ ref('card_charges') }}
    group by charge_id
),

refunds as (
    select
        'stripe:refund:' || refund_id as reversal_id,
        'refund' as kind,
        charge_id,
        entity_id,
        currency,
        amount_minor,
        cast(created_at as date) as reversal_date
    from {{ ref('stg_stripe__refunds') }}
    where
        not is_deleted
        and status = 'succeeded'
),

disputes as (
    select * from {{ ref('stg_stripe__disputes') }}
    where not is_deleted
),

dispute_movements as (
    select
        'stripe:balance_transaction:' || transactions.balance_transaction_id as reversal_id,
        case when transactions.amount_minor < 0 then 'dispute_withdrawn' else 'dispute_reinstated' end as kind,
        disputes.charge_id,
        transactions.entity_id,
        transactions.currency,
        abs(transactions.amount_minor) as amount_minor,
        cast(transactions.created_at as date) as reversal_date
    from {{ ref('stg_stripe__balance_transactions') }} as transactions
    inner join disputes on transactions.source_id = disputes.dispute_id
    where
        not transactions.is_deleted
        and transactions.reporting_category in ('dispute', 'dispute_reversal')
        and transactions.amount_minor <> 0
),

closings as (
    select
        object_id as dispute_id,
        min(created_at) as closed_at
    from {{ ref('stg_stripe__events') }}
    where event_type = 'charge.dispute.closed'
    group by object_id
),

losses as (
    select
        'stripe:dispute:' || disputes.dispute_id as reversal_id,
        'dispute_lost' as kind,
        disputes.charge_id,
        disputes.entity_id,
        disputes.currency,
        disputes.amount_minor,
        cast(coalesce(closings.closed_at, disputes.status_known_at) as date) as reversal_date
    from disputes
    left join closings using (dispute_id)
    where disputes.status = 'lost'
),

reversals as (
    select * from refunds
    union all
    select * from dispute_movements
    union all
    select * from losses
),

credited as (
    select
        'stripe:refund:' || refund_id as reversal_id,
        sum(refunded_minor) as noted_minor
    from {{ ref('stg_stripe__credit_note_refunds') }}
    where not is_deleted and status = 'issued'
    group by refund_id
)

select
    reversals.reversal_id,
    reversals.kind,
    reversals.charge_id,
    charges.invoice_id,
    reversals.entity_id,
    reversals.currency,
    reversals.amount_minor,
    reversals.reversal_date,
    -- What credit notes explain of a refund lowers the price through the note. A note that states no amount explains all.
    case
        when credited.reversal_id is null then 0
        else least(reversals.amount_minor, coalesce(credited.noted_minor, reversals.amount_minor))
    end as credited_minor,
    coalesce({{ mul_div('reversals.amount_minor', 'invoices.tax_minor', 'invoices.total_minor') }}, 0) as tax_minor
from reversals
left join charges using (charge_id)
left join {{ ref('invoices') }} as invoices using (invoice_id)
left join credited using (reversal_id)
