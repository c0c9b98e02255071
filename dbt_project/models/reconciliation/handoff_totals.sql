-- What went into each side of a handoff, taken from the domain tables and never from the rec rows: the control totals.
with plan_totals as (
    select
        entity_id,
        currency,
        sum(planned_minor) as amount_minor
    from {{ ref('planned_charges') }}
    where is_expected
    group by entity_id, currency
),

-- Counted from what landed, so that a line which the domain tables lose shows as unexplained. Lines whose invoice has
-- not arrived are an exception of the evidence.
line_totals as (
    select
        lines.entity_id,
        lines.currency,
        coalesce(obligations.is_usage, false) and lines.metadata_billing_period is null as is_usage,
        sum(lines.amount_minor) as amount_minor
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('stg_stripe__invoices') }} as invoices
        on lines.invoice_id = invoices.invoice_id
    left join {{ ref('line_matches') }} as matches
        on lines.invoice_line_id = matches.invoice_line_id
    left join {{ ref('obligations') }} as obligations
        on matches.obligation_id = obligations.obligation_id
    where
        not lines.is_deleted
        and not invoices.is_deleted
        and invoices.status <> 'draft'
        and invoices.finalized_at is not null
        and invoices.voided_at is null
    group by lines.entity_id, lines.currency, coalesce(obligations.is_usage, false) and lines.metadata_billing_period is null
),

booked_invoices as (
    select invoices.*
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('invoice_bookings') }} as bookings
        on invoices.invoice_id = bookings.invoice_id
    where bookings.booked_date < {{ as_of_date() }}
),

ledger_accounts as (
    select posting_key, entity_id, currency, account_code, sum(debit_minor) - sum(credit_minor) as net_minor
    from {{ ref('ledger_entry_lines') }}
    where {{ add_months('period', 1) }} <= {{ as_of_date() }}
    group by posting_key, entity_id, currency, account_code
),

journal_accounts as (
    select journal_id, entity_id, period, currency, account_code, sum(debit_minor) - sum(credit_minor) as net_minor
    from {{ ref('stg_erp__journal_lines') }}
    where
        (
            {{ add_months('period', 1) }} <= {{ as_of_date() }}
            or (journal_source <> 'MANUAL' and reference in (select posting_key from ledger_accounts))
        )
        and journal_id in (
            select journal_id
            from {{ ref('stg_erp__journal_lines') }}
            where
                journal_source <> 'MANUAL'
                or cast(account_code as varchar) in (select account_code from {{ ref('ledger_entry_lines') }})
        )
    group by journal_id, entity_id, period, currency, account_code
),

sides as (
    select 'orders_to_billing' as handoff, 'left' as side, entity_id, currency, amount_minor from plan_totals
    union all
    select 'orders_to_billing', 'right', entity_id, currency, amount_minor from line_totals
    where not is_usage
    union all
    select 'usage_to_invoices', 'left', entity_id, currency, expected_invoice_minor from {{ ref('usage_charges') }}
    union all
    select 'usage_to_invoices', 'right', entity_id, currency, amount_minor from line_totals
    where is_usage
    union all
    select 'invoices_to_cash', 'left', entity_id, currency, total_minor - balance_applied_minor from booked_invoices
    where voided_date is null
    union all
    select 'invoices_to_cash', 'left', receipts.entity_id, receipts.currency, receipts.applied_minor
    from {{ ref('cash_applications') }} as receipts
    where receipts.invoice_id not in (select invoice_id from booked_invoices)
    union all
    select 'invoices_to_cash', 'left', entity_id, currency, -gross_minor from {{ ref('document_reductions') }}
    where kind in ('refund', 'write_off', 'recovery') and invoice_id in (select invoice_id from booked_invoices)
    union all
    select 'invoices_to_cash', 'left', entity_id, currency, -(amount_minor + tax_minor) from {{ ref('credit_note_lines') }}
    where invoice_id in (select invoice_id from booked_invoices)
    union all
    select 'invoices_to_cash', 'left', entity_id, currency, -amount_minor from {{ ref('card_reversals') }}
    where kind = 'dispute_lost' and invoice_id in (select invoice_id from {{ ref('invoices') }})
    union all
    select 'invoices_to_cash', 'right', entity_id, currency, amount_minor from {{ ref('receipts') }}
    union all
    -- Money in another entity's account counts where its invoice is.
    select 'invoices_to_cash', 'right', entity_id, currency, applied_minor from {{ ref('cash_applications') }}
    where entity_id <> receiving_entity_id
    union all
    select 'invoices_to_cash', 'right', receiving_entity_id, currency, -applied_minor from {{ ref('cash_applications') }}
    where entity_id <> receiving_entity_id
    union all
    select
        'invoices_to_cash', 'right', entity_id, currency,
        case when kind = 'dispute_reinstated' then amount_minor else -amount_minor end
    from {{ ref('card_reversals') }}
    where kind <> 'dispute_lost' and invoice_id in (select invoice_id from {{ ref('invoices') }})
    union all
    select 'payouts_to_bank', 'left', entity_id, currency, amount_minor from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
    union all
    select 'payouts_to_bank', 'left', entity_id, currency, net_minor from {{ ref('processor_transactions') }}
    where payout_id is null and type <> 'payout'
    union all
    select 'payouts_to_bank', 'right', entity_id, currency, amount_minor from {{ ref('bank_transactions') }}
    where kind = 'processor_payout'
    union all
    select 'ledger_to_gl', 'left', entity_id, currency, greatest(net_minor, 0) from ledger_accounts
    union all
    select 'ledger_to_gl', 'right', entity_id, currency, greatest(net_minor, 0) from journal_accounts
)

select
    handoff,
    side,
    entity_id,
    currency,
    cast(sum(amount_minor) as bigint) as amount_minor
from sides
group by handoff, side, entity_id, currency
