-- Revenue by the month it was booked and the month it is recognised; `is_actual` separates reported from scheduled.
select
    entity_id,
    currency,
    stream,
    booked_period,
    period as recognised_period,
    is_actual,
    cast(sum(net_revenue_minor) as bigint) as amount_minor,
    cast(sum(recognised_minor) as bigint) as gross_minor
from {{ ref('revenue_schedule') }}
group by entity_id, currency, stream, booked_period, period, is_actual
