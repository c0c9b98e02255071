{{ config(enabled=var('recast_step', none) is not none) }}
-- What was reported, by the month that reported it. Up to go-live the ERP reported, so its trial balances count: the lines they
-- stand for as far as evidence explains them, and what it does not, by the reference of the journal that is missing or too much.
-- After go-live it is what the closes posted.
{%- set grain = ['entity_id', 'currency', 'account_code', 'period', 'stream', 'contract_id', 'obligation_id', 'customer_id'] %}
with opening as (
    select
        (select min(batch_id) from {{ ref('posted_entry_lines') }}) as batch_id,
        coalesce(
            (select min(posting_period) from {{ ref('posted_entry_lines') }}),
            (select max(period) from {{ ref('stg_erp__trial_balances') }})
        ) as go_live
),

posted as (
    select
        posted.batch_id,
        posted.entity_id,
        posted.currency,
        posted.account_code,
        posted.period,
        posted.posting_period,
        coalesce(posted.stream, '') as stream,
        coalesce(posted.contract_id, '') as contract_id,
        coalesce(posted.obligation_id, '') as obligation_id,
        coalesce(posted.customer_id, '') as customer_id,
        -- The summary under which the ERP carries the entry: by its own month, not by the month that opened the books.
        posted.entity_id || '|' || substr(cast(posted.period as varchar), 1, 7) || '|' || posted.entry_type || '|' || posted.currency
            as posting_key,
        posted.amount_minor
    from {{ ref('posted_entry_lines') }} as posted
    where posted.entry_type <> 'opening_difference'
),

-- Books that never opened: the ERP stands for everything up to its last month.
explained as (
    select {{ grain | join(', ') }}, posting_key, amount_minor from posted
    where batch_id = (select batch_id from opening)
    union all
    select {{ grain | join(', ') }}, posting_key, amount_minor from {{ ref('recast_steps') }}
    where
        step_no = 0
        and (select batch_id from opening) is null
        and period <= (select go_live from opening)
),

erp as (
    select
        entity_id,
        currency,
        account_code,
        period,
        debit_minor - credit_minor + case
            when row_number() over (partition by entity_id, currency, account_code order by period) = 1 then opening_minor
            else 0
        end as amount_minor
    from {{ ref('stg_erp__trial_balances') }}
),

streams as (
    select
        revenue_account,
        min(stream) as stream
    from {{ ref('product_policies') }}
    group by revenue_account
),

journals as (
    select
        entity_id,
        currency,
        cast(account_code as varchar) as account_code,
        period,
        reference,
        sum(debit_minor - credit_minor) as amount_minor
    from {{ ref('stg_erp__journal_lines') }}
    where period <= (select go_live from opening)
    group by entity_id, currency, account_code, period, reference
),

-- A trial balance is its journals; what it has beyond them has no reference.
sides as (
    select entity_id, currency, account_code, period, '' as gl_reference, amount_minor from erp
    where period <= (select go_live from opening)
    union all
    select entity_id, currency, account_code, period, '' as gl_reference, -amount_minor as amount_minor from journals
    union all
    select entity_id, currency, account_code, period, reference as gl_reference, amount_minor from journals
    union all
    select entity_id, currency, account_code, period, posting_key as gl_reference, -amount_minor as amount_minor from explained
),

differences as (
    select
        entity_id,
        currency,
        account_code,
        period,
        gl_reference,
        sum(amount_minor) as amount_minor
    from sides
    group by entity_id, currency, account_code, period, gl_reference
    having sum(amount_minor) <> 0
)

select
    'erp' as reported_by,
    {{ grain | join(', ') }},
    '' as gl_reference,
    cast(sum(amount_minor) as bigint) as amount_minor
from explained
group by {{ grain | join(', ') }}
union all
select
    'erp, unexplained' as reported_by,
    differences.entity_id,
    differences.currency,
    differences.account_code,
    differences.period,
    coalesce(streams.stream, '') as stream,
    '' as contract_id,
    '' as obligation_id,
    '' as customer_id,
    differences.gl_reference,
    cast(differences.amount_minor as bigint) as amount_minor
from differences
left join streams
    on differences.account_code = streams.revenue_account
union all
select
    'books' as reported_by,
    entity_id,
    currency,
    account_code,
    posting_period as period,
    stream,
    contract_id,
    obligation_id,
    customer_id,
    '' as gl_reference,
    cast(sum(amount_minor) as bigint) as amount_minor
from posted
where batch_id > (select batch_id from opening)
group by entity_id, currency, account_code, posting_period, stream, contract_id, obligation_id, customer_id
