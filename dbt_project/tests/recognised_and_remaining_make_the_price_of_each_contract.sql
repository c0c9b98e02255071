{{ config(meta={'dagster': {'ref': {'name': 'revenue_schedule'}}}) }}
-- Tie-out 2: for every contract, at its last measurement, what the schedule has recognised and what remains is its price.
with last_measured as (
    select
        contract_id,
        obligation_id,
        price_minor,
        remaining_minor,
        sum(recognised_minor) over (partition by obligation_id) as recognised_minor,
        row_number() over (partition by obligation_id order by measured_to desc) as newest
    from {{ ref('revenue_schedule') }}
)

select contract_id, sum(recognised_minor + remaining_minor - price_minor) as difference_minor
from last_measured
where newest = 1
group by contract_id
having sum(recognised_minor + remaining_minor - price_minor) <> 0
