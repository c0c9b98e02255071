-- Where a document loses money between two hops: what the domain tables say is missing, what the rec rows explain of it.
-- Credit notes, lost disputes and card fees explain themselves; what then still parts cash from the bank is unexplained.
with rec_differences as (
    select left_ref as ref, sum(difference_minor) as difference_minor from {{ ref('rec_invoices_to_cash') }}
    where left_ref is not null
    group by left_ref
    union all
    select right_ref as ref, sum(difference_minor) as difference_minor from {{ ref('rec_invoices_to_cash') }}
    where left_ref is null
    group by right_ref
    union all
    select coalesce(left_ref, right_ref) as ref, sum(difference_minor) as difference_minor
    from {{ ref('rec_payouts_to_bank') }}
    group by coalesce(left_ref, right_ref)
    union all
    -- A payout that arrived in another currency is missing in its own and stands over in the other.
    select right_ref as ref, -sum(right_minor) as difference_minor from {{ ref('rec_payouts_to_bank') }}
    where left_ref is not null and currency <> right_currency
    group by right_ref
    union all
    select left_ref as ref, sum(difference_minor) as difference_minor from {{ ref('rec_ledger_to_gl') }}
    where left_ref is not null
    group by left_ref
),

first_bookings as (
    select
        bank_transaction_ref,
        entity_id,
        currency,
        amount_minor,
        booked_date,
        payout_id,
        row_number() over (partition by payout_id order by booked_date, bank_transaction_ref) as booking_no
    from {{ ref('bank_transactions') }}
    where kind = 'processor_payout'
),

payouts as (
    select
        payouts.*,
        first_bookings.bank_transaction_ref,
        coalesce(first_bookings.amount_minor, 0) as deposited_minor
    from {{ ref('payouts') }} as payouts
    left join first_bookings
        on
            payouts.payout_id = first_bookings.payout_id
            and payouts.entity_id = first_bookings.entity_id
            and payouts.currency = first_bookings.currency
            and first_bookings.booking_no = 1
    where payouts.status in ('paid', 'in_transit', 'pending')
),

gaps as (
    select
        'applied' as hop, 'stripe:invoice:' || invoice_id as ref, invoice_id as group_key,
        entity_id, currency, {{ month_start('finalized_date') }} as period, open_minor as gap_minor,
        cast(null as bigint) as itself_minor
    from {{ ref('ar_open_items') }}
    union all
    select
        'applied' as hop, balances.receipt_id as ref, balances.receipt_id as group_key,
        receipts.entity_id, receipts.currency, {{ month_start('receipts.received_date') }} as period,
        -balances.unapplied_minor as gap_minor, null as itself_minor
    from {{ ref('receipt_balances') }} as balances
    inner join {{ ref('receipts') }} as receipts
        on balances.receipt_id = receipts.receipt_id
    union all
    select
        'credit_notes' as hop, null as ref, coalesce(invoice_line_id, invoice_id) as group_key, entity_id, currency,
        {{ month_start('min(issued_date)') }} as period,
        sum(amount_minor + tax_minor) as gap_minor, sum(amount_minor + tax_minor) as itself_minor
    from {{ ref('credit_note_lines') }}
    where invoice_id in (select invoice_id from {{ ref('ar_open_items') }})
    group by coalesce(invoice_line_id, invoice_id), entity_id, currency
    union all
    select
        'disputes_lost' as hop, null as ref, invoice_id as group_key, entity_id, currency,
        {{ month_start('finalized_date') }} as period,
        disputes_lost_minor as gap_minor, disputes_lost_minor as itself_minor
    from {{ ref('ar_open_items') }}
    union all
    select
        'deposited' as hop, 'stripe:payout:' || payout_id as ref, payout_id as group_key,
        entity_id, currency, {{ month_start('arrival_date') }} as period,
        amount_minor - deposited_minor as gap_minor, null as itself_minor
    from payouts
    union all
    select
        'deposited' as hop, bookings.bank_transaction_ref as ref, bookings.bank_transaction_ref as group_key,
        bookings.entity_id, bookings.currency, {{ month_start('bookings.booked_date') }} as period,
        -bookings.amount_minor as gap_minor, null as itself_minor
    from first_bookings as bookings
    where bookings.bank_transaction_ref not in (select bank_transaction_ref from payouts where bank_transaction_ref is not null)
    union all
    select hop, ref, group_key, entity_id, currency, period, gap_minor, explained_minor as itself_minor
    from {{ ref('chain_processor') }}
    union all
    select hop, ref, group_key, entity_id, currency, period, gap_minor, null as itself_minor
    from {{ ref('chain_postings') }}
)

select
    gaps.hop,
    gaps.group_key,
    gaps.ref,
    gaps.entity_id,
    gaps.currency,
    gaps.period,
    cast(gaps.gap_minor as bigint) as gap_minor,
    cast(coalesce(gaps.itself_minor, rec_differences.difference_minor, 0) as bigint) as explained_minor,
    cast(gaps.gap_minor - coalesce(gaps.itself_minor, rec_differences.difference_minor, 0) as bigint) as unexplained_minor
from gaps
left join rec_differences
    on gaps.ref = rec_differences.ref
