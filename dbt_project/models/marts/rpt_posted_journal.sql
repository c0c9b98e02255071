select
    cast(journal.batch_id as varchar) as batch_id,
    cast(journal.posting_key as varchar) as reference,
    cast(journal.entity_id as varchar) as entity_id,
    cast(journal.currency as varchar) as currency,
    cast(journal.posting_period as date) as posting_period,
    cast(journal.period as date) as period,
    cast(journal.entry_type as varchar) as entry_type,
    cast(journal.cause as varchar) as cause,
    cast(journal.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(journal.debit_minor as bigint) as debit_minor,
    cast(journal.credit_minor as bigint) as credit_minor,
    cast(journal.functional_currency as varchar) as functional_currency,
    cast(journal.functional_debit_minor as bigint) as functional_debit_minor,
    cast(journal.functional_credit_minor as bigint) as functional_credit_minor,
    cast(journal.line_count as bigint) as line_count
from {{ ref('posted_journal') }} as journal
left join {{ ref('accounts') }} as accounts
    on journal.account_code = cast(accounts.account_code as varchar)
