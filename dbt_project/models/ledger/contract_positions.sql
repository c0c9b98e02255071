-- What a contract owes its customer at a month end, or is owed: billed less recognised, never both at once.
-- Contracts are not netted with each other.
with movements as (
    {%- for entries in ['invoice_entries', 'reduction_entries', 'revenue_entries', 'contra_entries'] %}
    {{ 'union all' if not loop.first }}
    select contract_id, entity_id, currency, entry_date, amount_minor
    from {{ ref(entries) }}
    where account_code = '2100'
    {%- endfor %}
),

by_month as (
    select
        contract_id,
        entity_id,
        currency,
        {{ month_start('entry_date') }} as period,
        -sum(amount_minor) as movement_minor
    from movements
    group by contract_id, entity_id, currency, {{ month_start('entry_date') }}
),

positions as (
    select
        *,
        sum(movement_minor) over (partition by contract_id, entity_id, currency order by period) as position_minor
    from by_month
)

select
    contract_id,
    entity_id,
    currency,
    period,
    cast(movement_minor as bigint) as movement_minor,
    cast(position_minor as bigint) as position_minor,
    cast(greatest(position_minor, 0) as bigint) as deferred_minor,
    cast(greatest(-position_minor, 0) as bigint) as unbilled_minor,
    cast(
        greatest(-position_minor, 0) - coalesce(
            lag(greatest(-position_minor, 0)) over (partition by contract_id, entity_id, currency order by period), 0
        ) as bigint
    ) as unbilled_change_minor
from positions
