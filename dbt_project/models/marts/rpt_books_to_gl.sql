select
    cast(compared.entity_id as varchar) as entity_id,
    cast(compared.period as date) as period,
    cast(compared.account_code as varchar) as account_code,
    cast(accounts.account_name as varchar) as account_name,
    cast(compared.currency as varchar) as currency,
    cast(compared.reported_minor as bigint) as reported_minor,
    cast(compared.gl_minor as bigint) as gl_minor,
    cast(compared.difference_minor as bigint) as difference_minor,
    cast(compared.opening_difference_minor as bigint) as opening_difference_minor,
    cast(compared.posted_later_minor as bigint) as posted_later_minor,
    cast(compared.missing_posting_minor as bigint) as missing_posting_minor,
    cast(compared.manual_journal_minor as bigint) as manual_journal_minor,
    cast(compared.wrong_entity_minor as bigint) as wrong_entity_minor,
    cast(compared.wrong_period_minor as bigint) as wrong_period_minor,
    cast(compared.amount_mismatch_minor as bigint) as amount_mismatch_minor,
    cast(compared.one_sided_minor as bigint) as one_sided_minor,
    cast(compared.erp_imbalance_minor as bigint) as erp_imbalance_minor,
    cast(compared.unexplained_minor as bigint) as unexplained_minor
from {{ ref('books_to_gl') }} as compared
left join {{ ref('accounts') }} as accounts
    on compared.account_code = cast(accounts.account_code as varchar)
