select
    cast(maturities.contract_id as varchar) as contract_id,
    cast(contracts.customer_id as varchar) as customer_id,
    cast(maturities.entity_id as varchar) as entity_id,
    cast(maturities.currency as varchar) as currency,
    cast(maturities.period as date) as period,
    cast(maturities.deferred_minor as bigint) as deferred_minor,
    cast(maturities.current_minor as bigint) as current_minor,
    cast(maturities.non_current_minor as bigint) as non_current_minor
from {{ ref('deferred_maturities') }} as maturities
inner join {{ ref('contracts') }} as contracts
    on maturities.contract_id = contracts.contract_id
