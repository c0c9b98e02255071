-- What later orders change in an earlier promise: price and quantity are added to it and its service ends where the
-- change does.
select
    items.order_item_id,
    items.changed_item_id as obligation_id,
    items.contract_id,
    items.order_id,
    versions.price_group_id,
    versions.modification_method,
    versions.effective_date,
    items.entity_id,
    items.customer_id,
    items.currency,
    items.stated_price_minor,
    items.quantity,
    items.service_start_date,
    items.service_end_date,
    items.billing_frequency
from {{ ref('promised_items') }} as items
inner join {{ ref('contract_versions') }} as versions
    on items.order_id = versions.order_id
where items.changed_item_id is not null
