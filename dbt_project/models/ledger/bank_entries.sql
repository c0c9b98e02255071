-- Lines of the entries of the bank: customer receipts, payouts, sweeps, the rest. `amount_minor` is debit positive.
with bank as (
    select
        transactions.*,
        payouts.payout_id as known_payout_id,
        row_number() over (
            partition by transactions.payout_id
            order by transactions.booked_date, transactions.bank_transaction_ref
        ) as booking_no
    from {{ ref('bank_transactions') }} as transactions
    left join {{ ref('payouts') }} as payouts
        on
            transactions.payout_id = payouts.payout_id
            and transactions.entity_id = payouts.entity_id
),

classified as (
    select
        *,
        case kind
            when 'processor_payout' then 'payout'
            when 'sweep' then 'sweep'
            else 'bank_other'
        end as entry_type,
        case
            when kind = 'sweep' then '1090'
            -- The first booking of a known payout clears the processor; anything else is not ours until explained.
            when kind = 'processor_payout' and known_payout_id is not null and booking_no = 1 then '1050'
            else '2300'
        end as other_account
    from bank
    where kind <> 'customer_receipt'
),

receipts as (
    select
        receipts.*,
        balances.applied_minor,
        balances.unapplied_minor
    from {{ ref('receipts') }} as receipts
    inner join {{ ref('receipt_balances') }} as balances
        on receipts.receipt_id = balances.receipt_id
    where receipts.kind = 'bank'
),

receipt_sides as (
    select receipt_id, cast(null as varchar) as invoice_id, '1000' as account_code, amount_minor
    from receipts
    union all
    select receipt_id, null as invoice_id, '2300' as account_code, -unapplied_minor as amount_minor
    from receipts
    union all
    -- Money for another entity's invoice is owed to that entity.
    select
        applications.receipt_id,
        applications.invoice_id,
        case when applications.entity_id <> applications.receiving_entity_id then '1900' else '1100' end as account_code,
        -applications.applied_minor as amount_minor
    from {{ ref('cash_applications') }} as applications
    inner join receipts
        on applications.receipt_id = receipts.receipt_id
)

select
    'receipt_bank:' || receipts.receipt_id as entry_key,
    'receipt_bank' as entry_type,
    'bank receipt applied as its remittance says' as rule,
    receipts.entity_id,
    receipts.received_date as entry_date,
    receipts.currency,
    receipt_sides.account_code,
    cast(null as varchar) as obligation_id,
    cast(null as varchar) as contract_id,
    receipts.customer_id,
    receipt_sides.invoice_id,
    receipts.receipt_id as evidence_ref,
    receipt_sides.amount_minor
from receipt_sides
inner join receipts
    on receipt_sides.receipt_id = receipts.receipt_id
{% for account, sign in [("'1000'", ''), ('other_account', '-')] %}
union all
select
    entry_type || ':' || bank_transaction_ref as entry_key,
    entry_type,
    case entry_type
        when 'payout' then case other_account when '1050' then 'payout received' else 'deposit without a payout' end
        when 'sweep' then 'sweep to treasury'
        else 'bank movement of no known kind'
    end as rule,
    entity_id,
    booked_date as entry_date,
    currency,
    {{ account }} as account_code,
    cast(null as varchar) as obligation_id,
    cast(null as varchar) as contract_id,
    null as customer_id,
    null as invoice_id,
    bank_transaction_ref as evidence_ref,
    {{ sign }}amount_minor as amount_minor
from classified
{%- endfor %}
