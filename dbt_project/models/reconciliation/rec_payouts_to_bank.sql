-- Each payout of the card processor against the bank booking that names it, bookings that no payout explains, and the
-- processor balance not yet paid out. What is open here of known payouts is the balance of processor clearing.
with payouts as (
    -- The first booking that names a payout is its pair.
    select *, 1 as pair_no
    from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
),

deposits as (
    select
        transactions.*,
        payouts.payout_id as known_payout_id,
        row_number() over (
            partition by transactions.payout_id
            order by transactions.booked_date, transactions.bank_transaction_ref
        ) as booking_no
    from {{ ref('bank_transactions') }} as transactions
    left join payouts
        on
            transactions.payout_id = payouts.payout_id
            and transactions.entity_id = payouts.entity_id
    where transactions.kind = 'processor_payout'
),

paired as (
    select
        payouts.payout_id,
        deposits.bank_transaction_ref,
        coalesce(payouts.entity_id, deposits.entity_id) as entity_id,
        coalesce(payouts.currency, deposits.currency) as currency,
        coalesce(deposits.entity_id, payouts.entity_id) as right_entity_id,
        coalesce(deposits.currency, payouts.currency) as right_currency,
        coalesce(deposits.booked_date, payouts.arrival_date) as seen_date,
        coalesce(payouts.arrival_date, deposits.booked_date) as period_date,
        coalesce(payouts.amount_minor, 0) as payout_minor,
        coalesce(deposits.amount_minor, 0) as deposit_minor,
        case
            when payouts.payout_id is not null and deposits.bank_transaction_ref is null
                then case
                    when payouts.arrival_date >= {{ as_of_date() }} or payouts.status <> 'paid' then 'PAYOUT_IN_TRANSIT'
                    else 'PAYOUT_NOT_IN_BANK'
                end
            when deposits.payout_count > 1 then 'DEPOSIT_NAMES_SEVERAL_PAYOUTS'
            when deposits.known_payout_id is null then 'DEPOSIT_WITHOUT_PAYOUT'
            when deposits.booking_no > 1 then 'DEPOSIT_DUPLICATED'
            when payouts.amount_minor <> deposits.amount_minor or payouts.currency <> deposits.currency
                then 'PAYOUT_AMOUNT_MISMATCH'
        end as reason_code
    from payouts
    full outer join deposits
        on
            payouts.payout_id = deposits.known_payout_id
            and payouts.pair_no = deposits.booking_no
),

pending as (
    select
        entity_id,
        currency,
        max(created_date) as last_created_date,
        sum(net_minor) as pending_minor
    from {{ ref('processor_transactions') }}
    where payout_id is null and type <> 'payout'
    group by entity_id, currency
)

select
    {{ rec_id(["'payouts_to_bank'", 'payout_id', 'bank_transaction_ref']) }} as rec_id,
    'payouts_to_bank' as handoff,
    entity_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as contract_id,
    {{ month_start('period_date') }} as period,
    currency,
    right_entity_id,
    right_currency,
    'stripe:payout:' || payout_id as left_ref,
    bank_transaction_ref as right_ref,
    cast(payout_minor as bigint) as left_minor,
    cast(deposit_minor as bigint) as right_minor,
    cast(
        payout_minor
        - case when entity_id = right_entity_id and currency = right_currency then deposit_minor else 0 end as bigint
    ) as difference_minor,
    case
        when reason_code is null then 'matched'
        when reason_code = 'PAYOUT_IN_TRANSIT' then 'timing'
        else 'exception'
    end as status,
    reason_code,
    case when payout_id is not null and bank_transaction_ref is not null then 'payout_id' else 'none' end as match_method,
    seen_date
from paired
union all
select
    {{ rec_id(["'processor_balance'", 'entity_id', 'currency']) }} as rec_id,
    'payouts_to_bank' as handoff,
    entity_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as contract_id,
    {{ month_start('last_created_date') }} as period,
    currency,
    entity_id as right_entity_id,
    currency as right_currency,
    'stripe:balance:' || entity_id || '|' || currency as left_ref,
    cast(null as varchar) as right_ref,
    cast(pending_minor as bigint) as left_minor,
    cast(0 as bigint) as right_minor,
    cast(pending_minor as bigint) as difference_minor,
    'timing' as status,
    'PAYOUT_IN_TRANSIT' as reason_code,
    'none' as match_method,
    last_created_date as seen_date
from pending
