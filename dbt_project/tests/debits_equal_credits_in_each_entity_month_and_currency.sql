{{ config(meta={'dagster': {'ref': {'name': 'trial_balance'}}}) }}
select entity_id, period, currency, sum(closing_minor) as closing_minor
from {{ ref('trial_balance') }}
group by entity_id, period, currency
having sum(closing_minor) <> 0
