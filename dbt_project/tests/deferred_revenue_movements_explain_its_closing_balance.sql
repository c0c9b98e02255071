select *
from {{ ref('deferred_revenue_rollforward') }}
where
    opening_minor + billed_minor + voided_minor + credited_minor + disputes_lost_minor + refunded_minor
    + written_off_minor + contra_minor + recognised_minor + unbilled_reclass_minor <> closing_minor
