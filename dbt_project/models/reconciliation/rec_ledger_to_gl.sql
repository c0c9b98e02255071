-- Each summary posting of the subledger (entity, month, entry type, currency) against the ERP journal that carries it.
-- Amounts are the debit side of the netted posting; the comparison is account by account, and `absolute_minor` sums what
-- each account of an entity and month is off, whichever way.
with subledger as (
    select
        posting_key,
        entity_id,
        period,
        currency,
        sum(greatest(net_minor, 0)) as debit_minor,
        -- The first journal that names a posting is its pair.
        1 as pair_no
    from {{ ref('gl_postings') }}
    where side = 'subledger'
    group by posting_key, entity_id, period, currency
),

journals as (
    select
        journal_id,
        posting_key,
        entity_id,
        period,
        currency,
        sum(greatest(net_minor, 0)) as debit_minor,
        row_number() over (partition by posting_key order by journal_id) as journal_no
    from {{ ref('gl_postings') }}
    where side = 'gl'
    group by journal_id, posting_key, entity_id, period, currency
),

-- Postings that disagree with the first journal that names them, on any account.
differing as (
    select posting_key
    from (
        select
            postings.posting_key,
            postings.account_code,
            sum(case when postings.side = 'subledger' then postings.net_minor else -postings.net_minor end) as gap_minor
        from {{ ref('gl_postings') }} as postings
        left join journals
            on postings.journal_id = journals.journal_id
        where postings.posting_key is not null and coalesce(journals.journal_no, 1) = 1
        group by postings.posting_key, postings.account_code
    ) as by_account
    where gap_minor <> 0
    group by posting_key
),

-- What stands on either side of a row, by the account it stands on.
row_accounts as (
    select
        case
            when postings.side = 'subledger' or (journals.journal_no = 1 and postings.posting_key is not null)
                then postings.posting_key
            else 'journal:' || postings.journal_id
        end as row_key,
        postings.account_code,
        sum(case when postings.side = 'subledger' then postings.net_minor else -postings.net_minor end) as gap_minor
    from {{ ref('gl_postings') }} as postings
    left join journals
        on
            postings.journal_id = journals.journal_id
            and postings.entity_id = journals.entity_id
            and postings.period = journals.period
            and postings.currency = journals.currency
    group by 1, postings.entity_id, postings.period, postings.currency, postings.account_code
),

row_gaps as (
    select row_key, sum(abs(gap_minor)) as absolute_minor
    from row_accounts
    group by row_key
),

paired as (
    select
        subledger.posting_key,
        journals.journal_id,
        coalesce(
            subledger.posting_key,
            case when journals.journal_no = 1 then journals.posting_key end,
            'journal:' || journals.journal_id
        ) as row_key,
        coalesce(subledger.entity_id, journals.entity_id) as entity_id,
        coalesce(subledger.currency, journals.currency) as currency,
        coalesce(journals.entity_id, subledger.entity_id) as right_entity_id,
        coalesce(journals.currency, subledger.currency) as right_currency,
        coalesce(subledger.period, journals.period) as period,
        coalesce(subledger.debit_minor, 0) as ledger_minor,
        coalesce(journals.debit_minor, 0) as journal_minor,
        case
            when one_sided.posting_key is not null then 'INTERCOMPANY_ONE_SIDED'
            when journals.journal_id is null then 'GL_MISSING_POSTING'
            when subledger.posting_key is null and journals.posting_key is null then 'GL_MANUAL_JOURNAL'
            when subledger.entity_id <> journals.entity_id then 'GL_WRONG_ENTITY'
            when subledger.period <> journals.period then 'GL_WRONG_PERIOD'
            when subledger.posting_key is null or differing.posting_key is not null then 'GL_AMOUNT_MISMATCH'
        end as reason_code
    from subledger
    full outer join journals
        on
            subledger.posting_key = journals.posting_key
            and subledger.pair_no = journals.journal_no
    left join differing
        on subledger.posting_key = differing.posting_key
    left join {{ ref('one_sided_postings') }} as one_sided
        on subledger.posting_key = one_sided.posting_key
)

select
    {{ rec_id(["'ledger_to_gl'", 'posting_key', 'journal_id', 'right_entity_id', 'right_currency', 'period']) }} as rec_id,
    'ledger_to_gl' as handoff,
    entity_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as contract_id,
    period,
    currency,
    right_entity_id,
    right_currency,
    'ledger:' || posting_key as left_ref,
    'erp:journal:' || journal_id as right_ref,
    cast(ledger_minor as bigint) as left_minor,
    cast(journal_minor as bigint) as right_minor,
    cast(
        ledger_minor
        - case when entity_id = right_entity_id and currency = right_currency then journal_minor else 0 end as bigint
    ) as difference_minor,
    cast(row_gaps.absolute_minor as bigint) as absolute_minor,
    case when reason_code is null then 'matched' else 'exception' end as status,
    reason_code,
    case when posting_key is not null and journal_id is not null then 'posting_key' else 'none' end as match_method,
    {{ add_days('least(' ~ add_months('period', 1) ~ ', ' ~ as_of_date() ~ ')', -1) }} as seen_date
from paired
left join row_gaps
    on paired.row_key = row_gaps.row_key
