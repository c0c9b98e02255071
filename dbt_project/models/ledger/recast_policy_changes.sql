{{ config(enabled=var('recast_step', none) is not none) }}
-- Every step from as reported to as recast, by economic month and cause, with the contract and obligation behind it: first what
-- evidence says otherwise than the ERP or came after a close, under the policies as reported; then each dimension of the new
-- version, in the order in which it was applied.
{%- set grain = ['entity_id', 'currency', 'account_code', 'period', 'stream', 'contract_id', 'obligation_id', 'customer_id'] %}
{%- set causes = ['policy: pattern', 'policy: standalone selling price', 'policy: product mapping', 'policy: entity of record'] %}
with opening as (
    select min(batch_id) as batch_id
    from {{ ref('posted_entry_lines') }}
),

later as (
    select
        posted.entity_id,
        posted.currency,
        posted.account_code,
        posted.period,
        coalesce(posted.stream, '') as stream,
        coalesce(posted.contract_id, '') as contract_id,
        coalesce(posted.obligation_id, '') as obligation_id,
        coalesce(posted.customer_id, '') as customer_id,
        posted.posting_period,
        posted.cause,
        posted.amount_minor
    from {{ ref('posted_entry_lines') }} as posted
    inner join opening
        on posted.batch_id > opening.batch_id
    where posted.entry_type <> 'opening_difference'
),

changes as (
    select
        1 as cause_no,
        'before go-live: evidence against the ERP' as cause,
        {{ grain | join(', ') }},
        gl_reference,
        -amount_minor as amount_minor
    from {{ ref('recast_as_reported') }}
    where reported_by = 'erp, unexplained'
    union all
    -- What a close posted for an earlier month goes back to its month.
    select
        2 as cause_no,
        'late evidence: ' || cause as cause,
        {{ grain | join(', ') }},
        '' as gl_reference,
        amount_minor
    from later
    where period < posting_period
    union all
    select
        2 as cause_no,
        'late evidence: ' || cause as cause,
        {{ grain | join(', ') | replace('period', 'posting_period') }},
        '' as gl_reference,
        -amount_minor as amount_minor
    from later
    where period < posting_period
    union all
    select
        3 as cause_no,
        'not posted yet' as cause,
        {{ grain | join(', ') }},
        '' as gl_reference,
        amount_minor
    from {{ ref('recast_steps') }}
    where step_no = 0
    union all
    select
        3 as cause_no,
        'not posted yet' as cause,
        {{ grain | join(', ') }},
        '' as gl_reference,
        -amount_minor as amount_minor
    from later
    union all
    select
        3 as cause_no,
        'not posted yet' as cause,
        {{ grain | join(', ') }},
        '' as gl_reference,
        -amount_minor as amount_minor
    from {{ ref('recast_as_reported') }}
    where reported_by = 'erp'
    {%- for cause in causes %}
    {%- for step, sign in [(loop.index, ''), (loop.index0, '-')] %}
    union all
    select
        {{ 3 + (step if sign == '' else step + 1) }} as cause_no,
        '{{ cause }}' as cause,
        {{ grain | join(', ') }},
        '' as gl_reference,
        {{ sign }}amount_minor as amount_minor
    from {{ ref('recast_steps') }}
    where step_no = {{ step }}
    {%- endfor %}
    {%- endfor %}
),

summed as (
    select
        cause_no,
        cause,
        {{ grain | join(', ') }},
        gl_reference,
        cast(sum(amount_minor) as bigint) as amount_minor
    from changes
    group by cause_no, cause, {{ grain | join(', ') }}, gl_reference
    having sum(amount_minor) <> 0
)

select
    summed.*,
    contracts.contract_number,
    accounts.account_name as customer_name,
    obligations.sku
from summed
left join {{ ref('contracts') }} as contracts
    on summed.contract_id = contracts.contract_id
left join {{ ref('stg_salesforce__accounts') }} as accounts
    on contracts.customer_id = accounts.account_id
left join {{ ref('obligations') }} as obligations
    on summed.obligation_id = obligations.obligation_id
