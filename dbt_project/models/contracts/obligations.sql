-- Step 2: the performance obligations. Every promised item that does not change an earlier one, and every material right.
-- A promise that is not distinct joins the one it enables: it is recognised with it, over the contract or its renewals.
{%- set from_item = [
    'contract_id', 'order_id', 'customer_id', 'entity_id', 'currency', 'product_id', 'sku', 'stream', 'contract_kind',
    'principal_or_agent', 'supplier_share_bps', 'revenue_account', 'is_refundable', 'booked_date', 'started_at',
] %}
with items as (
    select * from {{ ref('promised_items') }}
    where changed_item_id is null
),

ends as (
    select
        obligation_id,
        max_by(service_end_date, cast(effective_date as varchar) || order_item_id) as service_end_date
    from {{ ref('order_changes') }}
    group by obligation_id
),

hosts as (
    select
        order_id,
        sku,
        min_by(pattern, order_item_id) as pattern,
        min_by(available_date, order_item_id) as available_date,
        min_by(service_start_date, order_item_id) as service_start_date,
        min_by(service_end_date, order_item_id) as service_end_date
    from items
    group by order_id, sku
),

holds as (
    select
        contract_id,
        min(reason_code) as hold_reason
    from {{ ref('contract_holds') }}
    group by contract_id
),

rights as (
    select
        options.option_id,
        options.units,
        options.expires_date,
        options.last_exercise_end,
        items.*,
        row_number() over (partition by options.option_id order by items.is_usage, items.order_item_id) as preference
    from {{ ref('material_right_grants') }} as options
    inner join items
        on options.order_id = items.order_id
),

promises as (
    select
        items.order_item_id as obligation_id,
        {%- for column in from_item %}
        items.{{ column }},
        {%- endfor %}
        coalesce(hosts.pattern, items.pattern) as pattern,
        items.quantity,
        items.unit_price,
        items.stated_price_minor,
        coalesce(hosts.service_start_date, items.service_start_date) as service_start_date,
        coalesce(
            case when hosts.order_id is not null and items.joins_over = 'renewals' then items.joins_until end,
            hosts.service_end_date,
            ends.service_end_date,
            items.service_end_date
        ) as service_end_date,
        coalesce(hosts.available_date, items.available_date) as available_date,
        items.terminated_date,
        items.is_usage,
        items.billing_frequency,
        case
            when hosts.order_id is null then 'own'
            when items.joins_over = 'renewals' then 'stated'
            else 'joined'
        end as price_share
    from items
    left join ends
        on items.order_item_id = ends.obligation_id
    left join hosts
        on items.order_id = hosts.order_id and items.joins_sku = hosts.sku
    union all
    select
        rights.option_id as obligation_id,
        {%- for column in from_item %}
        rights.{{ column }},
        {%- endfor %}
        'material_right' as pattern,
        rights.units as quantity,
        null as unit_price,
        0 as stated_price_minor,
        rights.booked_date as service_start_date,
        coalesce(rights.expires_date, greatest(rights.last_exercise_end, rights.service_end_date)) as service_end_date,
        rights.booked_date as available_date,
        null as terminated_date,
        false as is_usage,
        null as billing_frequency,
        'own' as price_share
    from rights
    where rights.preference = 1
)

select
    promises.*,
    versions.price_group_id,
    versions.modification_method,
    versions.effective_date,
    contracts.collectable_from,
    holds.hold_reason
from promises
inner join {{ ref('contract_versions') }} as versions
    on promises.order_id = versions.order_id
left join {{ ref('contracts') }} as contracts
    on promises.contract_id = contracts.contract_id
left join holds
    on promises.contract_id = holds.contract_id
