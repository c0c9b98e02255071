with agreed as (
    select * from {{ ref('stg_salesforce__contracts') }}
    where not is_deleted
),

-- Step 1 fails for what is signed while a customer's collectability is doubted: until a later judgement, or for ever.
judgements as (
    select
        customer_id,
        max(case when not is_collectable then effective_from end) as doubted_from,
        max(case when is_collectable then effective_from end) as accepted_from
    from {{ ref('collectability') }}
    where effective_from < {{ as_of_date() }}
    group by customer_id
),

collectable as (
    select
        customer_id,
        doubted_from,
        case when accepted_from >= doubted_from then accepted_from else cast('9999-12-31' as date) end as collectable_from
    from judgements
    where doubted_from is not null
)

select
    agreed.contract_id,
    agreed.account_id as customer_id,
    agreed.entity_id,
    agreed.currency,
    agreed.contract_number,
    agreed.contract_kind,
    agreed.is_cancellable,
    case when agreed.start_date >= collectable.doubted_from then collectable.collectable_from end as collectable_from,
    agreed.start_date,
    {{ add_days('agreed.last_date', 1) }} as end_date,
    agreed.status
from agreed
left join collectable on agreed.account_id = collectable.customer_id
