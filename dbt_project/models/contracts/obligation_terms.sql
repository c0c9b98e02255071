-- What was agreed for an obligation from a day on: its quantity and the end of its service, as later orders change them.
with agreed as (
    select
        items.order_item_id as obligation_id,
        cast('0001-01-01' as date) as valid_from,
        items.quantity,
        items.service_end_date
    from {{ ref('promised_items') }} as items
    where items.changed_item_id is null
    union all
    select
        obligation_id,
        effective_date as valid_from,
        sum(quantity) as quantity,
        max(service_end_date) as service_end_date
    from {{ ref('order_changes') }}
    where modification_method in ('prospective', 'catch_up')
    group by obligation_id, effective_date
)

select
    agreed.obligation_id,
    agreed.valid_from,
    coalesce(
        lead(agreed.valid_from) over (partition by agreed.obligation_id order by agreed.valid_from),
        cast('9999-12-31' as date)
    ) as valid_to,
    cast(sum(agreed.quantity) over (partition by agreed.obligation_id order by agreed.valid_from) as decimal(18, 6)) as quantity,
    case
        when obligations.price_share <> 'own' then obligations.service_end_date
        else agreed.service_end_date
    end as service_end_date
from agreed
inner join {{ ref('obligations') }} as obligations
    on agreed.obligation_id = obligations.obligation_id
