-- What the revenue of a contract in a foreign currency takes out of deferred revenue, in the functional currency: what was
-- billed before at the rates it was billed at, oldest first; what is not billed yet at the rate of its day.
with lines as (
    select
        booked.*,
        entities.functional_currency,
        case when booked.entry_type = 'revenue' then 1 else 0 end as is_last
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('entities') }} as entities
        on booked.entity_id = entities.entity_id
    where
        booked.account_code = '2100'
        and booked.currency <> entities.functional_currency
        and booked.entry_type <> 'presentation'
        and booked.contract_id is not null
),

positions as (
    select
        *,
        {%- for name, amount in [
            ('after', '-amount_minor'), ('billed', 'case when is_last = 0 then greatest(-amount_minor, 0) else 0 end'),
        ] %}
        sum({{ amount }}) over (
            partition by contract_id, entity_id, currency order by entry_date, is_last, entry_key, line_no
            rows between unbounded preceding and current row
        ) as {{ name }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from lines
),

-- The last units that were billed are those still deferred: where the others end, before this revenue and after it.
released as (
    select
        *,
        cast(billed_minor - greatest(least(after_minor + amount_minor, billed_minor), 0) as bigint) as earned_before_minor,
        cast(billed_minor - greatest(least(after_minor, billed_minor), 0) as bigint) as earned_minor
    from positions
    where is_last = 1
),

valued as (
    select
        released.*,
        released.amount_minor - (released.earned_minor - released.earned_before_minor) as unbilled_minor,
        {{ layer_value('released.earned_minor', 'ends') }}
        - {{ layer_value('released.earned_before_minor', 'begins') }} as billed_functional_minor
    from released
    left join {{ ref('deferred_layers') }} as begins
        on
            {{ layer_holds('released', 'released.earned_before_minor', 'begins') }}
    left join {{ ref('deferred_layers') }} as ends
        on
            {{ layer_holds('released', 'released.earned_minor', 'ends') }}
)

select
    valued.entry_key,
    valued.contract_id,
    valued.entity_id,
    valued.currency,
    valued.amount_minor,
    cast(
        valued.billed_functional_minor
        + case
            when valued.unbilled_minor = 0 then 0
            else {{ mul_div('valued.unbilled_minor', 'rates.numerator', 'rates.denominator') }}
        end as bigint
    ) as functional_minor
from valued
left join {{ ref('exchange_rates') }} as rates
    on
        valued.currency = rates.currency
        and valued.functional_currency = rates.functional_currency
        and valued.entry_date = rates.rate_date
