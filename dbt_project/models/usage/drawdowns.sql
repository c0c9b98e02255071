select
    pool_obligation_id as obligation_id,
    usage_date,
    max(contract_id) as contract_id,
    cast(sum(drawn_minor) as bigint) as drawn_minor
from {{ ref('pool_drawdowns') }}
where pool_obligation_id is not null
group by pool_obligation_id, usage_date
