{{ config(enabled=var('recast_step', none) is not none, materialized='incremental', incremental_strategy='append') }}
-- The ledger by economic month after each step of a recast: 0 as reported policies compute it, then one dimension of the new
-- version after the other. Each run adds the step it is at.
select
    {{ var('recast_step', 0) }} as step_no,
    entity_id,
    currency,
    account_code,
    period,
    coalesce(stream, '') as stream,
    coalesce(contract_id, '') as contract_id,
    coalesce(obligation_id, '') as obligation_id,
    coalesce(customer_id, '') as customer_id,
    posting_key,
    cast(sum(amount_minor) as bigint) as amount_minor
from {{ ref('ledger_entry_lines') }}
where amount_minor <> 0
group by
    entity_id,
    currency,
    account_code,
    period,
    coalesce(stream, ''),
    coalesce(contract_id, ''),
    coalesce(obligation_id, ''),
    coalesce(customer_id, ''),
    posting_key
