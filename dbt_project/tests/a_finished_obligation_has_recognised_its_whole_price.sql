{{ config(meta={'dagster': {'ref': {'name': 'obligation_progress'}}}) }}
-- Milestones may never be completed, and usage ends when it is used; every other promise is fulfilled at its end.
select progress.obligation_id, progress.price_minor, progress.recognised_to_date_minor
from {{ ref('obligation_progress') }} as progress
inner join {{ ref('obligations') }} as obligations
    on progress.obligation_id = obligations.obligation_id
where
    progress.pattern <> 'milestone'
    and progress.measured_to >= coalesce(obligations.terminated_date, obligations.service_end_date)
    and progress.recognised_to_date_minor <> progress.price_minor
