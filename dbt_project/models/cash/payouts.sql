select
    payout_id,
    entity_id,
    currency,
    amount_minor,
    arrival_date,
    cast(created_at as date) as created_date,
    status,
    trace_id
from {{ ref('stg_stripe__payouts') }}
where not is_deleted
