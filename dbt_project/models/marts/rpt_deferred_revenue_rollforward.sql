select
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(period as date) as period,
    cast(opening_minor as bigint) as opening_minor,
    cast(billed_minor as bigint) as billed_minor,
    cast(voided_minor as bigint) as voided_minor,
    cast(credited_minor as bigint) as credited_minor,
    cast(disputes_lost_minor as bigint) as disputes_lost_minor,
    cast(losses_minor as bigint) as losses_minor,
    cast(recognised_minor as bigint) as recognised_minor,
    cast(interest_minor as bigint) as interest_minor,
    cast(unbilled_reclass_minor as bigint) as unbilled_reclass_minor,
    cast(closing_minor as bigint) as closing_minor,
    cast(unbilled_closing_minor as bigint) as unbilled_closing_minor,
    cast(net_contract_liability_minor as bigint) as net_contract_liability_minor
from {{ ref('deferred_revenue_rollforward') }}
