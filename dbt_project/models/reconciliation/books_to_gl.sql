-- The books as reported against the ERP's trial balance, account by account, with what parts them: the opening difference,
-- what posts in a later month than its own, and each kind of exception of the ledger handoff. Nothing else may.
{% set reasons = {
    'missing_posting': 'GL_MISSING_POSTING',
    'manual_journal': 'GL_MANUAL_JOURNAL',
    'wrong_entity': 'GL_WRONG_ENTITY',
    'wrong_period': 'GL_WRONG_PERIOD',
    'amount_mismatch': 'GL_AMOUNT_MISMATCH',
    'one_sided': 'INTERCOMPANY_ONE_SIDED',
    'erp_imbalance': 'the trial balance moves by another amount than its journals',
} %}
with reported as (
    select entity_id, period, account_code, currency, closing_minor
    from {{ ref('trial_balance_as_reported') }}
),

months as (
    select period from reported
    group by period
),

-- Every step from one balance to the other: where it stands and from which month on it counts.
named_left as (
    select left_ref, max(reason_code) as reason_code
    from {{ ref('rec_ledger_to_gl') }}
    where left_ref is not null
    group by left_ref
),

named_right as (
    select right_ref, right_entity_id, right_currency, max(reason_code) as reason_code
    from {{ ref('rec_ledger_to_gl') }}
    where right_ref is not null
    group by right_ref, right_entity_id, right_currency
),

steps as (
    select
        postings.entity_id,
        postings.account_code,
        postings.currency,
        postings.period as from_period,
        cast(null as date) as until_period,
        coalesce(named_left.reason_code, named_right.reason_code, 'matched') as step,
        case when postings.side = 'subledger' then postings.net_minor else -postings.net_minor end as amount_minor
    from {{ ref('gl_postings') }} as postings
    left join named_left
        on postings.side = 'subledger' and 'ledger:' || postings.posting_key = named_left.left_ref
    left join named_right
        on
            postings.side = 'gl'
            and 'erp:journal:' || postings.journal_id = named_right.right_ref
            and postings.entity_id = named_right.right_entity_id
            and postings.currency = named_right.right_currency
    union all
    select
        entity_id,
        account_code,
        currency,
        period as from_period,
        cast(null as date) as until_period,
        '{{ reasons.erp_imbalance }}' as step,
        -amount_minor as amount_minor
    from {{ ref('erp_imbalances') }}
    union all
    select
        entity_id,
        account_code,
        currency,
        period as from_period,
        posting_period as until_period,
        case when cause = 'opening difference' then 'opening' else 'later' end as step,
        -amount_minor as amount_minor
    from {{ ref('recast_bridge') }}
    where not is_posted or posting_period > period
),

kept as (
    select entity_id, account_code, currency from reported
    union
    select entity_id, account_code, currency from steps
),

explained as (
    select
        months.period,
        kept.entity_id,
        kept.account_code,
        kept.currency,
        coalesce(sum(case when steps.step = 'opening' then steps.amount_minor end), 0) as opening_difference_minor,
        {%- for name, code in reasons.items() %}
        coalesce(sum(case when steps.step = '{{ code }}' then steps.amount_minor end), 0) as {{ name }}_minor,
        {%- endfor %}
        coalesce(sum(case when steps.step = 'later' then steps.amount_minor end), 0) as posted_later_minor
    from kept
    cross join months
    left join steps
        on
            kept.entity_id = steps.entity_id
            and kept.account_code = steps.account_code
            and kept.currency = steps.currency
            and months.period >= steps.from_period
            and (steps.until_period is null or months.period < steps.until_period)
    group by months.period, kept.entity_id, kept.account_code, kept.currency
),

compared as (
    select
        explained.*,
        coalesce(reported.closing_minor, 0) as reported_minor,
        coalesce(gl.closing_minor, 0) as gl_minor
    from explained
    left join reported
        on
            explained.entity_id = reported.entity_id
            and explained.period = reported.period
            and explained.account_code = reported.account_code
            and explained.currency = reported.currency
    left join {{ ref('gl_balances') }} as gl
        on
            explained.entity_id = gl.entity_id
            and explained.period = gl.period
            and explained.account_code = gl.account_code
            and explained.currency = gl.currency
)

select
    entity_id,
    period,
    account_code,
    currency,
    cast(reported_minor as bigint) as reported_minor,
    cast(gl_minor as bigint) as gl_minor,
    cast(reported_minor - gl_minor as bigint) as difference_minor,
    cast(opening_difference_minor as bigint) as opening_difference_minor,
    cast(posted_later_minor as bigint) as posted_later_minor,
    {%- for name in reasons %}
    cast({{ name }}_minor as bigint) as {{ name }}_minor,
    {%- endfor %}
    cast(
        reported_minor - gl_minor - opening_difference_minor - posted_later_minor
        {%- for name in reasons %} - {{ name }}_minor{% endfor %} as bigint
    ) as unexplained_minor
from compared
where period in (select gl.period from {{ ref('gl_balances') }} as gl)
