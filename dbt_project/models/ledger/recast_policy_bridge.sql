{{ config(enabled=var('recast_step', none) is not none) }}
-- From as reported to as recast in one column of amounts: what was reported, each cause, and what is recast, by entity, stream,
-- economic month and account. The rows of a month but the last sum to the last.
with amounts as (
    {%- for cause_no, cause, model, condition in [
        ('0', "'as reported'", 'recast_as_reported', 'true'), ('cause_no', 'cause', 'recast_policy_changes', 'true'),
        ('99', "'as recast'", 'recast_steps', 'step_no = 4'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        {{ cause_no }} as cause_no,
        {{ cause }} as cause,
        entity_id,
        currency,
        account_code,
        stream,
        period,
        contract_id,
        amount_minor
    from {{ ref(model) }}
    where {{ condition }}
    {%- endfor %}
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
