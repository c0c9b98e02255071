{{ config(meta={'dagster': {'ref': {'name': 'consolidated_trial_balance'}}}) }}
-- Identity 6: the group is the sum of its parts, account by account, and its debits equal its credits.
select
    basis,
    period,
    account_code,
    sum(case when component = 'group' then closing_minor else -closing_minor end) as difference_minor
from {{ ref('consolidated_trial_balance') }}
group by basis, period, account_code
having sum(case when component = 'group' then closing_minor else -closing_minor end) <> 0
union all
select
    basis,
    period,
    'all' as account_code,
    sum(closing_minor) as difference_minor
from {{ ref('consolidated_trial_balance') }}
where component = 'group'
group by basis, period
having sum(closing_minor) <> 0 or sum(opening_minor) <> 0 or sum(acquired_minor) <> 0
