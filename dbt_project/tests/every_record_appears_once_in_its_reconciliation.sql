-- Sums cannot see a record of amount 0: records are counted too, one row a kind of record that is short or doubled.
with lines as (
    select invoice_line_id
    from {{ ref('invoice_lines') }}
    where not is_void and finalized_date is not null
),

sides as (
    select 'invoice line' as record, 'stripe:invoice_line:' || invoice_line_id as ref, 1 as there, 0 as here from lines
    union all
    select 'invoice line', right_ref, 0, 1 from {{ ref('rec_orders_to_billing') }}
    where right_ref is not null
    union all
    select 'invoice line', right_ref, 0, 1 from {{ ref('rec_usage_to_invoices') }}
    where right_ref is not null
    union all
    select 'usage charge', obligation_id || ' ' || cast(period as varchar), 1, 0 from {{ ref('usage_charges') }}
    union all
    select 'usage charge', split_part(left_ref, ':', 3) || ' ' || cast(period as varchar), 0, 1
    from {{ ref('rec_usage_to_invoices') }}
    where left_ref like 'salesforce:%'
    union all
    select 'unrated usage', 'metering:usage:' || tenant_id || '|' || sku || ' ' || cast(period as varchar), 1, 0
    from {{ ref('unrated_usage') }}
    union all
    select 'unrated usage', left_ref || ' ' || cast(period as varchar), 0, 1 from {{ ref('rec_usage_to_invoices') }}
    where left_ref like 'metering:%'
    union all
    select 'invoice', 'stripe:invoice:' || invoice_id, 1, 0 from {{ ref('invoices') }}
    where finalized_date is not null
    union all
    select 'invoice', left_ref, 0, 1 from {{ ref('rec_invoices_to_cash') }}
    where left_ref is not null
    union all
    select 'payout', 'stripe:payout:' || payout_id, 1, 0 from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
    union all
    select 'payout', left_ref, 0, 1 from {{ ref('rec_payouts_to_bank') }}
    where left_ref like 'stripe:payout:%'
    union all
    select 'processor deposit', bank_transaction_ref, 1, 0 from {{ ref('bank_transactions') }}
    where kind = 'processor_payout'
    union all
    select 'processor deposit', right_ref, 0, 1 from {{ ref('rec_payouts_to_bank') }}
    where right_ref is not null
    union all
    select 'evidence problem', ref || ' ' || reason_code, 1, 0 from {{ ref('evidence_problems') }}
    union all
    select 'evidence problem', left_ref || ' ' || reason_code, 0, 1 from {{ ref('rec_evidence') }}
    where left_ref is not null and reason_code <> 'OBLIGATION_WITHOUT_SSP'
)

select record, ref, sum(there) as there_count, sum(here) as here_count
from sides
group by record, ref
having sum(there) <> sum(here)
