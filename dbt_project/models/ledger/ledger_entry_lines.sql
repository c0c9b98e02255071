-- Every computed entry, line by line: account, side, the rule that made it and the evidence it came from, in the currency of
-- its document and in the functional currency of its entity. What the two sides of an entry differ by in the functional
-- currency is a realised exchange difference: a line of its own, without an amount in the document's currency. Month-end
-- remeasurement has functional amounts alone.
with functional as (
    select
        booked.*,
        amounts.functional_currency,
        amounts.functional_minor
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('functional_amounts') }} as amounts
        on
            booked.entry_key = amounts.entry_key
            and booked.line_no = amounts.line_no
),

differences as (
    select
        entry_key,
        currency,
        functional_currency,
        max(line_no) + 1 as line_no,
        max(entry_type) as entry_type,
        max(entity_id) as entity_id,
        max(entry_date) as entry_date,
        max(period) as period,
        max(customer_id) as customer_id,
        max(invoice_id) as invoice_id,
        max(posting_key) as posting_key,
        min(evidence_ref) as evidence_ref,
        -sum(functional_minor) as difference_minor
    from functional
    where currency <> functional_currency
    group by entry_key, currency, functional_currency
    -- Of an entry without a rate the difference is not known.
    having sum(functional_minor) <> 0 and count(*) = count(functional_minor)
)

select
    entry_key,
    line_no,
    entry_type,
    rule,
    entity_id,
    entry_date,
    period,
    currency,
    account_code,
    debit_minor,
    credit_minor,
    amount_minor,
    functional_currency,
    functional_minor,
    stream,
    contract_id,
    obligation_id,
    customer_id,
    invoice_id,
    evidence_ref,
    posting_key
from functional
union all
select
    entry_key,
    line_no,
    entry_type,
    'realised exchange difference' as rule,
    entity_id,
    entry_date,
    period,
    currency,
    '7000' as account_code,
    0 as debit_minor,
    0 as credit_minor,
    0 as amount_minor,
    functional_currency,
    cast(difference_minor as bigint) as functional_minor,
    null as stream,
    null as contract_id,
    null as obligation_id,
    customer_id,
    invoice_id,
    evidence_ref,
    posting_key
from differences
union all
select
    entry_key,
    line_no,
    entry_type,
    rule,
    entity_id,
    entry_date,
    period,
    currency,
    account_code,
    0 as debit_minor,
    0 as credit_minor,
    0 as amount_minor,
    functional_currency,
    functional_minor,
    null as stream,
    contract_id,
    null as obligation_id,
    null as customer_id,
    null as invoice_id,
    evidence_ref,
    posting_key
from {{ ref('remeasurement_entries') }}
