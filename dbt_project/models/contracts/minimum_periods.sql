-- The periods of a minimum that an item promises: by its anniversary, or by the calendar with the first and the last prorated
-- by days. Weeks begin on Monday.
with items as (
    select
        *,
        case minimum_period when 'month' then 1 when 'quarter' then 3 when 'year' then 12 end as period_months,
        minimum_anchor = 'calendar' as is_calendar
    from {{ ref('promised_items') }}
    where minimum_minor is not null and changed_item_id is null
),

anchored as (
    select
        *,
        case
            when not is_calendar then service_start_date
            when minimum_period = 'week' then cast(date_trunc('week', service_start_date) as date)
            when minimum_period = 'month' then {{ month_start('service_start_date') }}
            when minimum_period = 'quarter' then cast(date_trunc('quarter', service_start_date) as date)
            else cast(date_trunc('year', service_start_date) as date)
        end as anchor
    from items
),

numbered as (
    select
        *,
        {{ each_number('0', int_div(days_between('anchor', 'service_end_date'), "case minimum_period when 'week' then 7 else 28 * period_months end")) }}
            as period_index
    from anchored
),

whole as (
    select
        *,
        {%- for name, index in [('whole_start', 'period_index'), ('whole_end', '(period_index + 1)')] %}
        case minimum_period
            when 'week' then {{ add_days('anchor', '7 * ' ~ index) }}
            else {{ add_months('anchor', 'period_months * ' ~ index) }}
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from numbered
)

select
    order_item_id as obligation_id,
    order_id,
    contract_id,
    entity_id,
    customer_id,
    currency,
    greatest(whole_start, service_start_date) as period_start,
    least(whole_end, service_end_date) as period_end,
    {{ mul_div(
        'minimum_minor',
        days_between('greatest(whole_start, service_start_date)', 'least(whole_end, service_end_date)'),
        days_between('whole_start', 'whole_end')
    ) }} as minimum_minor
from whole
where whole_start < service_end_date and whole_end > service_start_date
