{{ config(enabled=var('recast_step', none) is not none) }}
-- From as reported to as recast in one column of amounts: what was reported, each cause, and what is recast, by entity, stream,
-- economic month and account. The rows of a month but the last sum to the last.
with amounts as (
    select
        0 as cause_no,
        'as reported' as cause,
        entity_id,
        currency,
        account_code,
        stream,
        period,
        contract_id,
        amount_minor
    from {{ ref('recast_as_reported') }}
    union all
    select
        cause_no,
        cause,
        entity_id,
        currency,
        account_code,
        stream,
        period,
        contract_id,
        amount_minor
    from {{ ref('recast_policy_changes') }}
    union all
    select
        99 as cause_no,
        'as recast' as cause,
        entity_id,
        currency,
        account_code,
        stream,
        period,
        contract_id,
        amount_minor
    from {{ ref('recast_steps') }}
    where step_no = 4
)

select
    amounts.entity_id,
    amounts.currency,
    amounts.account_code,
    accounts.account_name,
    accounts.account_type,
    accounts.statement_line,
    amounts.stream,
    amounts.period,
    amounts.cause_no,
    amounts.cause,
    count(distinct nullif(amounts.contract_id, '')) as contract_count,
    cast(sum(amounts.amount_minor) as bigint) as amount_minor
from amounts
left join {{ ref('accounts') }} as accounts
    on amounts.account_code = accounts.account_code
group by
    amounts.entity_id,
    amounts.currency,
    amounts.account_code,
    accounts.account_name,
    accounts.account_type,
    accounts.statement_line,
    amounts.stream,
    amounts.period,
    amounts.cause_no,
    amounts.cause
having sum(amounts.amount_minor) <> 0
