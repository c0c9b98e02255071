-- Each side of the ledger handoff by posting key and account, netted: what the subledger says, what a journal says.
-- A month takes part once it is over; of a month still open, only journals that carry a posting of one that is over.
-- Manual journals take part when they touch an account the subledger keeps.
with subledger as (
    select
        posting_key,
        cast(null as varchar) as journal_id,
        entity_id,
        period,
        currency,
        account_code,
        sum(amount_minor) as net_minor
    from {{ ref('ledger_entry_lines') }}
    where {{ add_months('period', 1) }} <= {{ as_of_date() }}
    group by posting_key, entity_id, period, currency, account_code
),

subledger_journals as (
    select journal_id
    from {{ ref('stg_erp__journal_lines') }}
    where
        journal_source <> 'MANUAL'
        or cast(account_code as varchar) in (select account_code from {{ ref('ledger_entry_lines') }})
    group by journal_id
),

journals as (
    select
        case when lines.journal_source = 'MANUAL' then null else lines.reference end as posting_key,
        lines.journal_id,
        lines.entity_id,
        lines.period,
        lines.currency,
        cast(lines.account_code as varchar) as account_code,
        sum(lines.debit_minor - lines.credit_minor) as net_minor
    from {{ ref('stg_erp__journal_lines') }} as lines
    inner join subledger_journals
        on lines.journal_id = subledger_journals.journal_id
    where
        {{ add_months('lines.period', 1) }} <= {{ as_of_date() }}
        or (lines.journal_source <> 'MANUAL' and lines.reference in (select posting_key from subledger))
    group by
        case when lines.journal_source = 'MANUAL' then null else lines.reference end,
        lines.journal_id, lines.entity_id, lines.period, lines.currency, lines.account_code
),

sides as (
    select 'subledger' as side, * from subledger
    where net_minor <> 0
    union all
    select 'gl' as side, * from journals
)

select
    {{ rec_id(['side', 'posting_key', 'journal_id', 'entity_id', 'period', 'currency', 'account_code']) }} as gl_posting_id,
    side,
    posting_key,
    journal_id,
    entity_id,
    period,
    currency,
    account_code,
    cast(net_minor as bigint) as net_minor
from sides
