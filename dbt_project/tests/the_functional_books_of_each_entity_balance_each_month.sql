{{ config(meta={'dagster': {'ref': {'name': 'account_movements'}}}) }}
-- Debits equal credits in the functional currency, computed and posted, unless a rate is missing.
select
    basis,
    entity_id,
    period,
    sum(functional_minor) as difference_minor
from {{ ref('account_movements') }}
where entity_id not in (select entity_id from {{ ref('missing_rates') }})
group by basis, entity_id, period
having sum(functional_minor) <> 0
