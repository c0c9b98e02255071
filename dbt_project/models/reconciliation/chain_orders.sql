-- What was sold and is due, by contract and month: as ordered in the CRM, as contracted, as rated; and what the rec rows
-- carry of each, so that a lost row shows as a difference between the two. Credits and tax lead from lines to totals.
with held as (
    select
        coalesce(orders.contract_id, 'none:' || coalesce(orders.entity_id, 'unknown') || ':' || coalesce(orders.currency, 'unknown'))
            as contract_id,
        {{ month_start('coalesce(items.service_date, orders.effective_date)') }} as period,
        coalesce(items.total_price_minor, 0) as held_minor,
        case
            when
                'salesforce:order:' || orders.order_id in (select left_ref from {{ ref('rec_evidence') }} where left_ref is not null)
                or 'salesforce:order_item:' || items.order_item_id
                in (select left_ref from {{ ref('rec_evidence') }} where left_ref is not null)
                then coalesce(items.total_price_minor, 0)
            else 0
        end as held_explained_minor
    from {{ ref('stg_salesforce__order_items') }} as items
    inner join {{ ref('stg_salesforce__orders') }} as orders
        on items.order_id = orders.order_id
    where
        not items.is_deleted
        and not orders.is_deleted
        and orders.status = 'Activated'
        and items.order_item_id not in (
            select order_item_id from {{ ref('promised_items') }}
            where service_end_date > service_start_date
        )
),

amounts as (
    select contract_id, period, 'held' as amount, held_minor as amount_minor from held
    union all
    select contract_id, period, 'held_explained' as amount, held_explained_minor as amount_minor from held
    union all
    select contract_id, period, 'contracted' as amount, planned_minor as amount_minor from {{ ref('planned_charges') }}
    where is_expected
    union all
    select contract_id, period, 'used' as amount, expected_invoice_minor as amount_minor from {{ ref('usage_charges') }}
    union all
    select contract_id, period, 'invoiced' as amount, amount_minor from {{ ref('chain_lines') }}
    {%- for amount in ['credits_applied', 'tax', 'unlined'] %}
    union all
    select contract_id, period, '{{ amount }}' as amount, {{ amount }}_minor as amount_minor from {{ ref('chain_lines') }}
    {%- endfor %}
    {%- for rec, amount in [('rec_orders_to_billing', 'contracted_carried'), ('rec_usage_to_invoices', 'used_carried')] %}
    union all
    select coalesce(contract_id, 'none:' || entity_id || ':' || currency) as contract_id, period, '{{ amount }}' as amount, left_minor as amount_minor
    from {{ ref(rec) }}
    union all
    select
        case
            when
                contract_id is not null
                and (reason_code is null or reason_code not in ('BILLED_WRONG_ENTITY', 'BILLED_WRONG_CURRENCY'))
                then contract_id
            else 'none:' || right_entity_id || ':' || right_currency
        end as contract_id,
        period,
        'invoiced_carried' as amount,
        right_minor as amount_minor
    from {{ ref(rec) }}
    {%- endfor %}
)

select
    contract_id,
    period,
    {%- for amount in [
        'held', 'held_explained', 'contracted', 'contracted_carried', 'used', 'used_carried', 'invoiced', 'invoiced_carried',
        'credits_applied', 'tax', 'unlined',
    ] %}
    cast(sum(case when amount = '{{ amount }}' then amount_minor else 0 end) as bigint) as {{ amount }}_minor{{ ',' if not loop.last }}
    {%- endfor %}
from amounts
where amount_minor <> 0
group by contract_id, period
