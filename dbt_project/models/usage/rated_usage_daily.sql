with rated as (
    select * from {{ ref('rated_days') }}
),

drawn as (
    select
        obligation_id,
        usage_date,
        sum(case when pool_kind = 'commitment' then drawn_minor else 0 end) as commit_drawn_minor,
        sum(case when pool_kind = 'promotional' then drawn_minor else 0 end) as promotional_minor,
        sum(case when pool_kind = 'paid_credit' then drawn_minor else 0 end) as credit_drawn_minor
    from {{ ref('pool_drawdowns') }}
    group by obligation_id, usage_date
)

select
    rated.obligation_id,
    rated.usage_date,
    rated.contract_id,
    rated.entity_id,
    rated.customer_id,
    rated.currency,
    rated.period,
    rated.quantity,
    rated.raw_quantity,
    rated.quantity_at_invoicing,
    rated.rated_minor,
    cast(coalesce(drawn.commit_drawn_minor, 0) as bigint) as commit_drawn_minor,
    cast(coalesce(drawn.promotional_minor, 0) as bigint) as promotional_minor,
    cast(coalesce(drawn.credit_drawn_minor, 0) as bigint) as credit_drawn_minor,
    cast(
        rated.rated_minor
        - coalesce(drawn.commit_drawn_minor, 0)
        - coalesce(drawn.promotional_minor, 0)
        - coalesce(drawn.credit_drawn_minor, 0) as bigint
    ) as billable_minor
from rated
left join drawn using (obligation_id, usage_date)
