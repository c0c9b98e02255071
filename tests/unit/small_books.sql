-- The smallest books that tie: see small_books.py for the story behind the figures.
create table ledger.ledger_entry_lines as
select entry_key, entry_type, 'US01' as entity_id, date '2026-01-01' as period, 'USD' as currency,
    account_code, greatest(amount_minor, 0) as debit_minor, greatest(-amount_minor, 0) as credit_minor,
    amount_minor, contract_id,
    case when account_code = '1000' then 'bank:transaction:44:2026-01-20:b1' else entry_key end as evidence_ref
from (values
    ('invoice:in_1', 'invoice', '1100', 100000, 'C1'), ('invoice:in_1', 'invoice', '2100', -100000, 'C1'),
    ('revenue:A', 'revenue', '2100', 20000, 'C1'), ('revenue:A', 'revenue', '4050', -20000, 'C1'),
    ('revenue:B', 'revenue', '2100', 40000, 'C1'), ('revenue:B', 'revenue', '4060', -40000, 'C1'),
    ('receipt:ch_1', 'receipt_card', '1050', 60000, null), ('receipt:ch_1', 'receipt_card', '1100', -60000, null),
    ('payout:b1', 'payout', '1000', 58000, null), ('payout:b1', 'payout', '1050', -58000, null)
) as lines (entry_key, entry_type, account_code, amount_minor, contract_id);

create table ledger.trial_balance as
select 'US01' as entity_id, date '2026-01-01' as period, account_code, 'USD' as currency,
    0::bigint as opening_minor, debit_minor::bigint as debit_minor, credit_minor::bigint as credit_minor,
    (debit_minor - credit_minor)::bigint as closing_minor
from (values ('1000', 58000, 0), ('1050', 60000, 58000), ('1100', 100000, 60000), ('2100', 60000, 100000),
    ('4050', 0, 20000), ('4060', 0, 40000)) as balances (account_code, debit_minor, credit_minor);

create table ledger.deferred_revenue_rollforward as
select 'US01' as entity_id, 'USD' as currency, date '2026-01-01' as period, 0::bigint as opening_minor,
    100000::bigint as billed_minor, 0::bigint as voided_minor, 0::bigint as credited_minor,
    0::bigint as disputes_lost_minor, 0::bigint as losses_minor, -60000::bigint as recognised_minor,
    0::bigint as interest_minor, 0::bigint as unbilled_reclass_minor,
    40000::bigint as closing_minor, 0::bigint as unbilled_closing_minor, 40000::bigint as net_contract_liability_minor;

create table ledger.ar_rollforward as
select 'US01' as entity_id, 'USD' as currency, date '2026-01-01' as period, 0::bigint as opening_minor,
    100000::bigint as invoice_minor, 0::bigint as void_minor, 0::bigint as credit_note_minor,
    -60000::bigint as receipt_card_minor, 0::bigint as receipt_bank_minor, 0::bigint as intercompany_receipt_minor, 0::bigint as refund_minor,
    0::bigint as dispute_withdrawn_minor, 0::bigint as dispute_reinstated_minor, 0::bigint as dispute_lost_minor,
    0::bigint as write_off_minor, 0::bigint as recovery_minor, 0::bigint as deposit_minor,
    0::bigint as deposit_applied_minor, 40000::bigint as closing_minor;

create table receivables.ar_open_items as
select 'in_1' as invoice_id, 'US01' as entity_id, 'K1' as customer_id, 'USD' as currency, 40000::bigint as open_minor;

create table receivables.ar_ageing as
select 'US01' as entity_id, 'K1' as customer_id, 'USD' as currency, 'not_due' as bucket, 1 as bucket_order,
    40000::bigint as open_minor, 1::bigint as invoice_count;

create table pricing.price_allocations as
select obligation_id, 'C1' as contract_id, 'O1' as order_id, 'USD' as currency, stated_price_minor, allocated_minor,
    null::bigint as allocated_until_termination_minor, null::varchar as hold_reason
from (values ('A', 70000, 60000), ('B', 30000, 40000)) as parts (obligation_id, stated_price_minor, allocated_minor);

create table pricing.price_reductions as
select 'A' as obligation_id, 0::bigint as amount_minor, false as is_suspense;

create table revenue.revenue_schedule as
select 'C1' as contract_id, obligation_id, measured_to, price_minor, recognised_minor, remaining_minor, is_actual
from (values
    ('A', date '2026-02-01', 60000, 20000, 40000, true), ('A', date '2026-03-01', 60000, 40000, 0, false),
    ('B', date '2026-02-01', 40000, 40000, 0, true)
) as months (obligation_id, measured_to, price_minor, recognised_minor, remaining_minor, is_actual);

create table revenue.revenue_waterfall as
select 'US01' as entity_id, 'USD' as currency, stream, date '2026-01-01' as booked_period, recognised_period,
    is_actual, amount_minor::bigint as amount_minor, amount_minor::bigint as gross_minor
from (values
    ('platform_seats', date '2026-01-01', true, 20000), ('services', date '2026-01-01', true, 40000),
    ('platform_seats', date '2026-02-01', false, 40000)
) as cells (stream, recognised_period, is_actual, amount_minor);

create table reconciliation.rec_summary as
select handoff, 'US01' as entity_id, 'USD' as currency, left_minor::bigint as left_minor,
    matched_minor::bigint as matched_minor, exception_minor::bigint as exception_minor,
    timing_minor::bigint as timing_minor, matched_minor::bigint as right_minor,
    1::bigint as matched_count, 0::bigint as exception_count, 0::bigint as timing_count,
    (left_minor - matched_minor - exception_minor - timing_minor)::bigint as unexplained_minor
from (values
    ('orders_to_billing', 100000, 100000, 0, 0), ('usage_to_invoices', 7000, 7000, 0, 0),
    ('invoices_to_cash', 100000, 60000, 0, 40000), ('payouts_to_bank', 60000, 58000, 0, 2000),
    ('ledger_to_gl', 220000, 220000, 0, 0)
) as handoffs (handoff, left_minor, matched_minor, exception_minor, timing_minor);

create table reconciliation.handoff_totals as
select handoff, 'left' as side, entity_id, currency, left_minor as amount_minor from reconciliation.rec_summary
union all
select handoff, 'right' as side, entity_id, currency, right_minor as amount_minor from reconciliation.rec_summary;

-- What matched of a handoff is one row and what did not another.
create table reconciliation.rec_rows as
select handoff, entity_id, entity_id as right_entity_id, currency, currency as right_currency, 'matched' as status,
    matched_minor as left_minor, matched_minor as right_minor, 0::bigint as difference_minor,
    'a:' || handoff as left_ref, 'b:' || handoff as right_ref, null::varchar as reason_code
from reconciliation.rec_summary
union all
select handoff, entity_id, entity_id, currency, currency, 'timing', timing_minor, 0, timing_minor, 'c:' || handoff, null, 'TIMING'
from reconciliation.rec_summary
where timing_minor <> 0;

create table reconciliation.rec_orders_to_billing as
select * from reconciliation.rec_rows where handoff = 'orders_to_billing';
create table reconciliation.rec_usage_to_invoices as
select * from reconciliation.rec_rows where handoff = 'usage_to_invoices';
create table reconciliation.rec_invoices_to_cash as
select * from reconciliation.rec_rows where handoff = 'invoices_to_cash';
create table reconciliation.rec_payouts_to_bank as
select * from reconciliation.rec_rows where handoff = 'payouts_to_bank';
create table reconciliation.rec_ledger_to_gl as
select * from reconciliation.rec_rows where handoff = 'ledger_to_gl';

create table reconciliation.rec_evidence as
select 'GL_AMOUNT_MISMATCH' as reason_code, 'US01' as entity_id, 'USD' as currency,
    'erp:trial_balance:US01|2026-01|1100|USD' as right_ref, 0::bigint as difference_minor;

create table reconciliation.gl_postings as
select 'subledger' as side, entry_key as posting_key, null::varchar as journal_id, entity_id, period, currency,
    account_code, amount_minor as net_minor
from ledger.ledger_entry_lines;

create table staging.stg_erp__trial_balances as
select entity_id, period, account_code, currency, opening_minor, closing_minor from ledger.trial_balance
union all
select entity_id, date '2025-12-01', account_code, currency, 0, 0 from ledger.trial_balance;

create table staging.stg_bank__statements as
select '44' as bank_account_id, date '2026-01-20' as statement_date, 0::bigint as opening_minor, 58000::bigint as closing_minor;

create table reconciliation.rec_chain as
select 'C1' as contract_id, date '2026-01-01' as period, 'US01' as entity_id, 'K1' as customer_id, 'USD' as currency,
    100000::bigint as ordered_minor, 100000::bigint as contracted_minor, 100000::bigint as rated_minor,
    100000::bigint as invoiced_minor, 100000::bigint as owed_minor, 60000::bigint as applied_minor, 60000::bigint as deposited_minor,
    60000::bigint as posted_minor, 0::bigint as unexplained_minor;

create table reconciliation.rec_exceptions as
select 'r1' as rec_id, 'invoices_to_cash' as handoff, 'US01' as entity_id, 'K1' as customer_id, 'C1' as contract_id,
    date '2026-01-01' as period, 'USD' as currency, 'stripe:invoice:in_1' as left_ref, null::varchar as right_ref,
    100000::bigint as left_minor, 60000::bigint as right_minor, 40000::bigint as difference_minor, 40000::bigint as absolute_minor,
    'timing' as status, 'INVOICE_OPEN_NOT_DUE' as reason_code, 'number' as match_method, 'info' as severity,
    false as is_defect, date '2026-01-31' as first_seen_date, 1::bigint as age_days,
    'Collections' as owner_role, 'The invoice is open and not due' as reason, 'open until 2026-03-02' as detail, 'None' as suggested_action, null::varchar as source_url;

create table marts.dim_entities as
select 'US01' as entity_id, 'Lumen Compute Inc.' as entity_name, 'US' as country, 'USD' as functional_currency,
    date '2020-01-01' as joined_on, 'acct_1' as stripe_account_id;

create table ledger.missing_rates (
    entity_id varchar, currency varchar, functional_currency varchar, rate_date date, needed_for varchar,
    first_entry_key varchar, line_count bigint, amount_minor bigint, detail varchar
);

create table ledger.consolidated_trial_balance as
select 'as_recast' as basis, date '2026-01-01' as period, account_code, component, entity_id, 'USD' as currency,
    0::bigint as opening_minor, 0::bigint as acquired_minor, closing_minor::bigint as movement_minor,
    closing_minor::bigint as closing_minor
from (values
    ('1050', 'US01', 'US01', 60000), ('1050', 'group', null, 60000), ('2100', 'US01', 'US01', -60000), ('2100', 'group', null, -60000)
) as parts (account_code, component, entity_id, closing_minor);

create table ledger.balance_rollforward as
select 'as_recast' as basis, 'transaction' as books, 'US01' as entity_id, '1100' as account_code, 'USD' as currency,
    date '2026-01-01' as period, movement, movement_order::bigint as movement_order, 0::bigint as opening_minor,
    amount_minor::bigint as amount_minor, 40000::bigint as closing_minor
from (values ('billed', 10, 100000), ('received', 40, -60000)) as movements (movement, movement_order, amount_minor);

create table policy.currencies as select 'USD' as currency, 2 as exponent, 'US dollar' as currency_name;

create table marts.rpt_reconciliation_summary as select * from reconciliation.rec_summary;
create table marts.rpt_crm_to_cash as select * from reconciliation.rec_chain;
create table marts.rpt_exceptions as select * from reconciliation.rec_exceptions;
create table marts.rpt_revenue_waterfall as select * from revenue.revenue_waterfall;
create table marts.rpt_deferred_revenue_rollforward as select * from ledger.deferred_revenue_rollforward;
create table marts.rpt_ar_ageing as select * from receivables.ar_ageing;
create table marts.rpt_trial_balance as select * from ledger.trial_balance;

-- UK01 sold what US01 supplied, at 62 % of 1,000.00.
create table ledger.intercompany_eliminations as
select 'intercompany:X' as pair_id, eliminated, date '2026-01-01' as period, 'EUR' as currency, 'UK01' as selling_entity_id,
    'US01' as supplying_entity_id, seller_minor::bigint as seller_minor, -seller_minor::bigint as supplier_minor,
    0::bigint as difference_minor
from (values ('balance', -62000), ('result', 62000)) as sides (eliminated, seller_minor);

create table cash.receipts as
select 'stripe:charge:ch_1' as receipt_id, 'US01' as entity_id, 'USD' as currency, 60000::bigint as amount_minor;
create table cash.receipt_balances as
select 'stripe:charge:ch_1' as receipt_id, 60000::bigint as applied_minor, 0::bigint as unapplied_minor;
create table cash.bank_transactions as
select 'b1' as bank_transaction_ref, 'US01' as entity_id, 'USD' as currency, 58000::bigint as amount_minor, 'processor_payout' as kind;
create table billing.invoices as select 'in_1' as invoice_id;
create table cash.card_reversals as
select entity_id, currency, amount_minor, kind, 'in_1' as invoice_id from cash.bank_transactions where false;
