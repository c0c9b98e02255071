{{ config(meta={'dagster': {'ref': {'name': 'rec_orders_to_billing'}}}) }}
-- Sums cannot see a record of amount 0: records are counted too, one row a kind of record that is short or doubled.
-- A line whose credits were withheld stands in its own row as well as in that of its credits.
with lines as (
    select invoice_line_id
    from {{ ref('invoice_lines') }}
    where not is_void and finalized_date is not null
),

sides as (
    select 'invoice line' as record, 'stripe:invoice_line:' || invoice_line_id as ref, 1 as there, 0 as here
    from lines
    union all
    select 'invoice line' as record, right_ref as ref, 0 as there, 1 as here
    from {{ ref('rec_orders_to_billing') }}
    where right_ref is not null
    union all
    select 'invoice line' as record, right_ref as ref, 0 as there, 1 as here
    from {{ ref('rec_usage_to_invoices') }}
    where right_ref is not null and reason_code is distinct from 'CREDITS_NOT_APPLIED'
    union all
    select 'usage charge' as record, obligation_id || ' ' || cast(period as varchar) as ref, 1 as there, 0 as here
    from {{ ref('usage_charges') }}
    union all
    select 'usage charge' as record, split_part(left_ref, ':', 3) || ' ' || cast(period as varchar) as ref, 0 as there, 1 as here
    from {{ ref('rec_usage_to_invoices') }}
    where left_ref like 'salesforce:%' and reason_code is distinct from 'CREDITS_NOT_APPLIED'
    union all
    select
        'unrated usage' as record,
        'metering:usage:' || tenant_id || '|' || sku || ' ' || cast(period as varchar) as ref,
        1 as there,
        0 as here
    from {{ ref('unrated_usage') }}
    union all
    select 'unrated usage' as record, left_ref || ' ' || cast(period as varchar) as ref, 0 as there, 1 as here
    from {{ ref('rec_usage_to_invoices') }}
    where left_ref like 'metering:%'
    union all
    select 'invoice' as record, 'stripe:invoice:' || invoice_id as ref, 1 as there, 0 as here
    from {{ ref('invoices') }}
    where finalized_date is not null
    union all
    select 'invoice' as record, left_ref as ref, 0 as there, 1 as here
    from {{ ref('rec_invoices_to_cash') }}
    where left_ref is not null
    union all
    select 'payout' as record, 'stripe:payout:' || payout_id as ref, 1 as there, 0 as here
    from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
    union all
    select 'payout' as record, left_ref as ref, 0 as there, 1 as here
    from {{ ref('rec_payouts_to_bank') }}
    where left_ref like 'stripe:payout:%'
    union all
    select 'processor deposit' as record, bank_transaction_ref as ref, 1 as there, 0 as here
    from {{ ref('bank_transactions') }}
    where kind = 'processor_payout'
    union all
    select 'processor deposit' as record, right_ref as ref, 0 as there, 1 as here
    from {{ ref('rec_payouts_to_bank') }}
    where right_ref is not null
    union all
    select 'evidence problem' as record, ref || ' ' || reason_code as ref, 1 as there, 0 as here
    from {{ ref('evidence_problems') }}
    union all
    select 'evidence problem' as record, left_ref || ' ' || reason_code as ref, 0 as there, 1 as here
    from {{ ref('rec_evidence') }}
    where left_ref is not null and reason_code not in (
        'OBLIGATION_WITHOUT_SSP', 'RESIDUAL_UNREASONABLE', 'CREDIT_NOTE_ABOVE_INVOICE', 'UNRATED_QUANTITY', 'POOLS_BEYOND_LIMIT'
    )
)

select record, ref, sum(there) as there_count, sum(here) as here_count
from sides
group by record, ref
having sum(there) <> sum(here)
