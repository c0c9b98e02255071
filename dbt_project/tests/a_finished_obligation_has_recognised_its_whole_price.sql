{{ config(meta={'dagster': {'ref': {'name': 'obligation_progress'}}}) }}
-- Milestones and projects may never be completed, options never exercised, and a customer never collectable; every other
-- promise is fulfilled at its end.
select progress.obligation_id, progress.price_minor, progress.recognised_to_date_minor
from {{ ref('obligation_progress') }} as progress
inner join {{ ref('obligations') }} as obligations
    on progress.obligation_id = obligations.obligation_id
where
    progress.pattern not in ('milestone', 'percent_complete', 'material_right')
    and progress.measured_to > coalesce(obligations.collectable_from, obligations.available_date)
    and progress.measured_to >= coalesce(obligations.terminated_date, obligations.service_end_date)
    and progress.recognised_to_date_minor <> progress.price_minor
