select
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(stream as varchar) as stream,
    cast(booked_period as date) as booked_period,
    cast(recognised_period as date) as recognised_period,
    cast(is_actual as boolean) as is_actual,
    cast(amount_minor as bigint) as amount_minor,
    cast(gross_minor as bigint) as gross_minor
from {{ ref('revenue_waterfall') }}
