-- What is owed to customers, month by month: opening + billed - reduced - recognised + shown as unbilled = closing.
-- Opening and closing are the trial balance's own; a test proves that the movements explain the difference.
with movements as (
    select
        entity_id,
        currency,
        period,
        -- Deferred revenue is a liability: a credit raises it.
        sum(case when entry_type = 'invoice' then -amount_minor else 0 end) as billed_minor,
        sum(case when entry_type = 'void' then -amount_minor else 0 end) as voided_minor,
        sum(case when entry_type = 'credit_note' then -amount_minor else 0 end) as credited_minor,
        sum(case when entry_type = 'dispute_lost' then -amount_minor else 0 end) as disputes_lost_minor,
        sum(case when entry_type in ('refund', 'write_off', 'recovery') then -amount_minor else 0 end) as losses_minor,
        sum(case when entry_type = 'revenue' then -amount_minor else 0 end) as recognised_minor,
        sum(case when entry_type = 'financing' then -amount_minor else 0 end) as interest_minor,
        sum(case when entry_type = 'presentation' then -amount_minor else 0 end) as unbilled_reclass_minor
    from {{ ref('ledger_entry_lines') }}
    where account_code = '2100'
    group by entity_id, currency, period
),

unbilled as (
    select
        entity_id,
        currency,
        period,
        sum(closing_minor) as unbilled_closing_minor
    from {{ ref('trial_balance') }}
    where account_code in ('1150', '1160')
    group by entity_id, currency, period
)

select
    balances.entity_id,
    balances.currency,
    balances.period,
    -balances.opening_minor as opening_minor,
    {%- for movement in ['billed', 'voided', 'credited', 'disputes_lost', 'losses', 'recognised', 'interest', 'unbilled_reclass'] %}
    cast(coalesce(movements.{{ movement }}_minor, 0) as bigint) as {{ movement }}_minor,
    {%- endfor %}
    -balances.closing_minor as closing_minor,
    cast(coalesce(unbilled.unbilled_closing_minor, 0) as bigint) as unbilled_closing_minor,
    cast(-balances.closing_minor - coalesce(unbilled.unbilled_closing_minor, 0) as bigint) as net_contract_liability_minor
from {{ ref('trial_balance') }} as balances
left join movements
    on
        balances.entity_id = movements.entity_id
        and balances.currency = movements.currency
        and balances.period = movements.period
left join unbilled
    on
        balances.entity_id = unbilled.entity_id
        and balances.currency = unbilled.currency
        and balances.period = unbilled.period
where balances.account_code = '2100'
