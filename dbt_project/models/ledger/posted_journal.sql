-- The journal of each batch: posted lines summed to the account, the cause and the month they belong to.
select
    batch_id,
    posting_key,
    entity_id,
    currency,
    posting_period,
    period,
    entry_type,
    cause,
    account_code,
    cast(greatest(sum(amount_minor), 0) as bigint) as debit_minor,
    cast(greatest(-sum(amount_minor), 0) as bigint) as credit_minor,
    cast(sum(amount_minor) as bigint) as amount_minor,
    functional_currency,
    cast(greatest(sum(functional_minor), 0) as bigint) as functional_debit_minor,
    cast(greatest(-sum(functional_minor), 0) as bigint) as functional_credit_minor,
    cast(sum(functional_minor) as bigint) as functional_minor,
    cast(count(*) as bigint) as line_count
from {{ ref('posted_entry_lines') }}
group by
    batch_id,
    posting_key,
    entity_id,
    currency,
    posting_period,
    period,
    entry_type,
    cause,
    account_code,
    functional_currency
