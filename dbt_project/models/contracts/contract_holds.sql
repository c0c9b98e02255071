-- Why a contract is on hold: what its orders say contradicts itself. Nothing of it is recognised until somebody corrects it.
with versions as (
    select * from {{ ref('contract_versions') }}
    where hold_reason is null
),

overlapping as (
    select
        one.contract_id,
        one.order_id,
        cast(null as varchar) as order_item_id,
        'VERSIONS_OVERLAP' as reason_code,
        'two modifications of item ' || one.obligation_id || ' take effect on ' || cast(one.effective_date as varchar) as detail
    from {{ ref('order_changes') }} as one
    inner join {{ ref('order_changes') }} as other
        on
            one.obligation_id = other.obligation_id
            and one.effective_date = other.effective_date
            and one.order_id <> other.order_id
),

early as (
    select
        later.contract_id,
        later.order_id,
        null as order_item_id,
        'MODIFICATION_BEFORE_CONTRACT' as reason_code,
        'takes effect on ' || cast(later.effective_date as varchar) || ', before the order it changes' as detail
    from versions as later
    inner join versions as earlier
        on later.original_order_id = earlier.order_id
    where
        later.order_type in ('Amendment', 'Termination')
        and later.effective_date < earlier.effective_date
),

reversed as (
    select
        contract_id,
        order_id,
        order_item_id,
        'SERVICE_DATES_REVERSED' as reason_code,
        'item ' || order_item_id || ' ends before it starts' as detail
    from {{ ref('promised_items') }}
    where service_end_date <= service_start_date
),

above_cap as (
    select
        contract_id,
        cast(null as varchar) as order_id,
        null as order_item_id,
        'ESTIMATE_ABOVE_CAP' as reason_code,
        'estimate ' || estimate_id || ' of ' || cast(known_date as varchar) || ' is above its cap' as detail
    from {{ ref('price_estimates') }}
    where abs(amount_minor) > abs(cap_minor) and known_date < {{ as_of_date() }}
),

beyond_limit as (
    select
        versions.contract_id,
        versions.order_id,
        null as order_item_id,
        'MODIFICATIONS_BEYOND_LIMIT' as reason_code,
        'modification ' || cast(rounds.round_no as varchar) || ' of its price' as detail
    from {{ ref('price_rounds') }} as rounds
    inner join versions
        on
            rounds.price_group_id = versions.price_group_id
            and rounds.starts_on = versions.effective_date
            and versions.modification_method = 'prospective'
    where rounds.round_no > {{ var('price_rounds') }}
),

financed_too_long as (
    select
        items.contract_id,
        items.order_id,
        items.order_item_id,
        'FINANCING_BEYOND_LIMIT' as reason_code,
        'item ' || items.order_item_id || ' is paid on ' || cast(terms.payment_date as varchar)
        || ', more than {{ var('financing_years') }} years from its service' as detail
    from {{ ref('financing_terms') }} as terms
    inner join {{ ref('promised_items') }} as items
        on terms.obligation_id = items.order_item_id
    where
        {{ add_months('least(terms.payment_date, items.service_start_date)', 12 * var('financing_years')) }}
        < greatest(terms.payment_date, items.service_start_date)
),

problems as (
    select * from overlapping
    union all
    select * from early
    union all
    select * from reversed
    union all
    select * from above_cap
    union all
    select * from beyond_limit
    union all
    select * from financed_too_long
)

select
    contract_id,
    reason_code,
    order_id,
    order_item_id,
    min(detail) as detail
from problems
group by contract_id, reason_code, order_id, order_item_id
