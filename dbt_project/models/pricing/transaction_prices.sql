-- What the order states for each fixed-price obligation, and what is left of it when the order was terminated.
-- Obligations of one `allocation_group` share one price: an order, the orders of combined contracts, or an amendment.
-- Usage has no row: its price is found day by day as it is rated (right to invoice).
with obligations as (
    select * from {{ ref('obligations') }}
    where not is_usage and hold_reason is null
),

planned_before_termination as (
    select
        obligations.obligation_id,
        sum(billing_plan.planned_minor) as planned_minor
    from obligations
    inner join {{ ref('billing_plan') }} as billing_plan
        on
            obligations.obligation_id = billing_plan.obligation_id
            and obligations.terminated_date > billing_plan.period_start
    group by obligations.obligation_id
),

changes as (
    select
        obligation_id,
        sum(stated_price_minor) as changed_minor
    from {{ ref('order_changes') }}
    group by obligation_id
)

select
    obligations.obligation_id,
    obligations.contract_id,
    obligations.order_id,
    obligations.customer_id,
    obligations.entity_id,
    obligations.currency,
    obligations.sku,
    obligations.stream,
    obligations.pattern,
    obligations.quantity,
    obligations.service_start_date,
    obligations.service_end_date,
    obligations.booked_date,
    obligations.terminated_date,
    obligations.price_share,
    obligations.price_group_id,
    case
        when obligations.modification_method in ('prospective', 'catch_up') then obligations.order_id
        else obligations.price_group_id
    end as allocation_group,
    cast(obligations.stated_price_minor as bigint) as stated_price_minor,
    cast(obligations.stated_price_minor + coalesce(changes.changed_minor, 0) as bigint) as stated_total_minor,
    cast(
        case
            when obligations.terminated_date is not null
                then coalesce(planned_before_termination.planned_minor, 0)
        end as bigint
    ) as stated_until_termination_minor
from obligations
left join planned_before_termination
    on obligations.obligation_id = planned_before_termination.obligation_id
left join changes
    on obligations.obligation_id = changes.obligation_id
