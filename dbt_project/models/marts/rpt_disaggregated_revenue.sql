select
    cast(schedule.entity_id as varchar) as entity_id,
    cast(schedule.currency as varchar) as currency,
    cast(schedule.stream as varchar) as stream,
    cast(coalesce(customers.country, 'unknown') as varchar) as country,
    cast(coalesce(contracts.contract_kind, 'unknown') as varchar) as contract_kind,
    cast(schedule.period as date) as period,
    cast(sum(schedule.earned_minor) as bigint) as earned_minor,
    cast(sum(schedule.contra_minor) as bigint) as taken_back_minor,
    cast(sum(schedule.net_revenue_minor) as bigint) as net_revenue_minor
from {{ ref('revenue_schedule') }} as schedule
left join {{ ref('contracts') }} as contracts
    on schedule.contract_id = contracts.contract_id
left join {{ ref('customers') }} as customers
    on schedule.customer_id = customers.customer_id
where schedule.is_actual
group by
    schedule.entity_id, schedule.currency, schedule.stream, coalesce(customers.country, 'unknown'),
    coalesce(contracts.contract_kind, 'unknown'), schedule.period
