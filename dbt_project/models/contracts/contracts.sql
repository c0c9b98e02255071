with agreed as (
    select * from {{ ref('stg_salesforce__contracts') }}
    where not is_deleted
)

select
    agreed.contract_id,
    agreed.account_id as customer_id,
    agreed.entity_id,
    agreed.currency,
    agreed.contract_number,
    agreed.contract_kind,
    agreed.start_date,
    {{ add_days('agreed.last_date', 1) }} as end_date,
    agreed.status
from agreed
