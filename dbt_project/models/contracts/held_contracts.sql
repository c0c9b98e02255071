-- What is on hold, as evidence: each order of a contract on hold and each item that is to blame, with its amount, so that
-- nothing of it is lost; and contracts whose customer is not collectable, which go on but earn nothing.
with reasons as (
    select
        contract_id,
        min(reason_code) as reason_code,
        min(detail) as detail
    from {{ ref('contract_holds') }}
    group by contract_id
),

blamed as (
    select * from {{ ref('contract_holds') }}
    where order_id is not null and order_item_id is null
),

items as (
    select
        items.contract_id,
        items.order_id,
        items.order_item_id,
        items.entity_id,
        items.customer_id,
        items.currency,
        items.booked_date,
        items.stated_price_minor,
        holds.reason_code,
        holds.detail
    from {{ ref('promised_items') }} as items
    left join {{ ref('contract_holds') }} as holds
        on items.order_item_id = holds.order_item_id
),

problems as (
    select
        'salesforce:order:' || items.order_id as ref,
        coalesce(blamed.reason_code, reasons.reason_code) as reason_code,
        items.entity_id,
        items.customer_id,
        items.contract_id,
        items.booked_date as seen_date,
        items.currency,
        case when items.reason_code is null then items.stated_price_minor else 0 end as amount_minor,
        coalesce(blamed.detail, reasons.detail) as detail
    from items
    inner join reasons
        on items.contract_id = reasons.contract_id
    left join blamed
        on items.order_id = blamed.order_id
    union all
    select
        'salesforce:order_item:' || order_item_id as ref,
        reason_code,
        entity_id,
        customer_id,
        contract_id,
        booked_date as seen_date,
        currency,
        stated_price_minor as amount_minor,
        detail
    from items
    where reason_code is not null
    union all
    select
        'salesforce:contract:' || contract_id as ref,
        'CONTRACT_NOT_COLLECTABLE' as reason_code,
        entity_id,
        customer_id,
        contract_id,
        start_date as seen_date,
        currency,
        0 as amount_minor,
        'receipts are deposits until the customer is judged collectable' as detail
    from {{ ref('contracts') }}
    where collectable_from >= {{ as_of_date() }}
)

select
    ref,
    reason_code,
    entity_id,
    customer_id,
    contract_id,
    {{ month_start('min(seen_date)') }} as period,
    currency,
    cast(sum(amount_minor) as bigint) as amount_minor,
    min(detail) as detail,
    min(seen_date) as seen_date
from problems
group by ref, reason_code, entity_id, customer_id, contract_id, currency
