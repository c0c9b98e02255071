-- Where a document loses money between two hops: what the domain tables say is missing, what the rec rows explain of it.
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
        case when first_bookings.currency = payouts.currency then first_bookings.amount_minor end as deposited_minor
    from {{ ref('payouts') }} as payouts
    left join first_bookings
        on
            payouts.payout_id = first_bookings.payout_id
            and payouts.entity_id = first_bookings.entity_id
            and first_bookings.booking_no = 1
    where payouts.status in ('paid', 'in_transit', 'pending')
),

posted as (
    select
        reference as posting_key,
        entity_id,
        currency,
        sum(greatest(net_minor, 0)) as posted_minor
    from (
        select reference, entity_id, currency, account_code, sum(debit_minor) - sum(credit_minor) as net_minor
        from {{ ref('stg_erp__journal_lines') }}
        where journal_source <> 'MANUAL'
        group by reference, entity_id, currency, account_code
    ) as by_account
    group by reference, entity_id, currency
),

invoice_postings as (
    select posting_key, entity_id, currency, period, sum(greatest(net_minor, 0)) as ledger_minor
    from (
        select posting_key, entity_id, currency, period, account_code, sum(debit_minor) - sum(credit_minor) as net_minor
        from {{ ref('ledger_entry_lines') }}
        where entry_type = 'invoice' and {{ add_months('period', 1) }} <= {{ as_of_date() }}
        group by posting_key, entity_id, currency, period, account_code
    ) as by_account
    group by posting_key, entity_id, currency, period
),

gaps as (
    select
        'applied' as hop, 'stripe:invoice:' || invoice_id as ref, invoice_id as group_key,
        entity_id, currency, {{ month_start('finalized_date') }} as period, open_minor as gap_minor
    from {{ ref('ar_open_items') }}
    union all
    select
        'applied', balances.receipt_id, balances.receipt_id,
        receipts.entity_id, receipts.currency, {{ month_start('receipts.received_date') }}, -balances.unapplied_minor
    from {{ ref('receipt_balances') }} as balances
    inner join {{ ref('receipts') }} as receipts
        on balances.receipt_id = receipts.receipt_id
    union all
    select
        'deposited', 'stripe:payout:' || payout_id, payout_id,
        entity_id, currency, {{ month_start('arrival_date') }}, amount_minor - coalesce(deposited_minor, 0)
    from payouts
    union all
    select
        'deposited', 'stripe:balance:' || entity_id || '|' || currency, 'balance:' || entity_id || '|' || currency,
        entity_id, currency, {{ month_start('max(created_date)') }}, sum(net_minor)
    from {{ ref('processor_transactions') }}
    where payout_id is null and type <> 'payout'
    group by entity_id, currency
    union all
    select
        'deposited', bookings.bank_transaction_ref, bookings.bank_transaction_ref,
        bookings.entity_id, bookings.currency, {{ month_start('bookings.booked_date') }}, -bookings.amount_minor
    from first_bookings as bookings
    where bookings.bank_transaction_ref not in (select bank_transaction_ref from payouts where bank_transaction_ref is not null)
    union all
    select
        'posted', 'ledger:' || postings.posting_key, postings.posting_key,
        postings.entity_id, postings.currency, postings.period, postings.ledger_minor - coalesce(posted.posted_minor, 0)
    from invoice_postings as postings
    left join posted
        on
            postings.posting_key = posted.posting_key
            and postings.entity_id = posted.entity_id
            and postings.currency = posted.currency
)

select
    gaps.hop,
    gaps.group_key,
    gaps.ref,
    gaps.entity_id,
    gaps.currency,
    gaps.period,
    cast(gaps.gap_minor as bigint) as gap_minor,
    cast(coalesce(rec_differences.difference_minor, 0) as bigint) as explained_minor,
    cast(gaps.gap_minor - coalesce(rec_differences.difference_minor, 0) as bigint) as unexplained_minor
from gaps
left join rec_differences
    on gaps.ref = rec_differences.ref
