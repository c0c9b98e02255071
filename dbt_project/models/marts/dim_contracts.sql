with promised as (
    select
        contract_id,
        sum(stated_price_minor) as stated_price_minor,
        count(*) as obligation_count
    from {{ ref('obligations') }}
    where hold_reason is null
    group by contract_id
),

versions as (
    select
        contract_id,
        count(*) as version_count
    from {{ ref('contract_versions') }}
    group by contract_id
)

select
    cast(contracts.contract_id as varchar) as contract_id,
    cast(contracts.customer_id as varchar) as customer_id,
    cast(contracts.entity_id as varchar) as entity_id,
    cast(contracts.currency as varchar) as currency,
    cast(contracts.contract_kind as varchar) as contract_kind,
    cast(contracts.start_date as date) as start_date,
    cast(contracts.end_date as date) as end_date,
    cast(contracts.status as varchar) as status,
    cast(coalesce(versions.version_count, 0) as bigint) as version_count,
    cast(coalesce(promised.obligation_count, 0) as bigint) as obligation_count,
    cast(coalesce(promised.stated_price_minor, 0) as bigint) as stated_price_minor
from {{ ref('contracts') }} as contracts
left join promised
    on contracts.contract_id = promised.contract_id
left join versions
    on contracts.contract_id = versions.contract_id
