select
    cast(remaining.contract_id as varchar) as contract_id,
    cast(contracts.customer_id as varchar) as customer_id,
    cast(remaining.entity_id as varchar) as entity_id,
    cast(remaining.currency as varchar) as currency,
    cast(remaining.stream as varchar) as stream,
    cast(contracts.contract_kind as varchar) as contract_kind,
    cast(remaining.period as date) as period,
    cast(remaining.band as varchar) as band,
    cast(remaining.remaining_minor as bigint) as remaining_minor
from {{ ref('remaining_obligations') }} as remaining
inner join {{ ref('contracts') }} as contracts
    on remaining.contract_id = contracts.contract_id
