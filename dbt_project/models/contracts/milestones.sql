with milestones as (
    select * from {{ ref('stg_salesforce__milestones') }}
    where not is_deleted
)

select
    milestones.milestone_id,
    milestones.order_item_id as obligation_id,
    milestones.milestone_name,
    milestones.amount_minor,
    milestones.due_date,
    milestones.completed_date
from milestones
inner join {{ ref('obligations') }} as obligations on milestones.order_item_id = obligations.obligation_id
