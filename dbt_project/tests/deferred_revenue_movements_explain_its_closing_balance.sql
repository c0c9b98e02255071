{{ config(meta={'dagster': {'ref': {'name': 'deferred_revenue_rollforward'}}}) }}
select *
from {{ ref('deferred_revenue_rollforward') }}
where
    opening_minor + billed_minor + voided_minor + credited_minor + disputes_lost_minor + losses_minor + recognised_minor + interest_minor
    + unbilled_reclass_minor <> closing_minor
