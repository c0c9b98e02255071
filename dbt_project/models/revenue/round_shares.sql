-- Who takes part in each prospective modification: what an obligation brings in from it (added price) and what remains of it
-- sells for alone, at the prices of that day; progress at the start of the day says how much remains.
with members as (
    select
        rounds.price_group_id,
        rounds.round_no,
        rounds.starts_on,
        obligations.obligation_id,
        obligations.entity_id,
        obligations.sku,
        obligations.currency,
        obligations.price_share,
        obligations.quantity as first_quantity,
        obligations.stated_price_minor as first_price_minor,
        obligations.available_date,
        obligations.modification_method = 'prospective' and obligations.effective_date = rounds.starts_on as is_added
    from {{ ref('price_rounds') }} as rounds
    inner join {{ ref('obligations') }} as obligations
        on rounds.price_group_id = obligations.price_group_id
    where
        rounds.round_no > 0
        and not obligations.is_usage
        and obligations.hold_reason is null
        and obligations.price_share <> 'joined'
        and (obligations.modification_method <> 'prospective' or obligations.effective_date <= rounds.starts_on)
),

changed as (
    select
        obligation_id,
        effective_date,
        sum(stated_price_minor) as price_minor,
        sum(quantity) as quantity
    from {{ ref('order_changes') }}
    where modification_method = 'prospective'
    group by obligation_id, effective_date
),

measured as (
    select
        members.*,
        case when members.is_added then members.first_price_minor else 0 end + coalesce(changed.price_minor, 0) as added_minor,
        coalesce(terms.quantity, members.first_quantity) as terms_quantity,
        coalesce(changed.quantity, 0) as added_quantity,
        terms.service_end_date,
        coalesce(progress.progress_part, 0) as progress_part,
        coalesce(progress.progress_whole, 1) as progress_whole,
        coalesce(progress.adjusted_in_round_minor, 0) as adjusted_minor,
        allocations.allocated_minor,
        allocations.ssp_weight
    from members
    left join changed
        on members.obligation_id = changed.obligation_id and members.starts_on = changed.effective_date
    left join {{ ref('obligation_terms') }} as terms
        on
            members.obligation_id = terms.obligation_id
            and members.starts_on >= terms.valid_from
            and members.starts_on < terms.valid_to
    left join {{ ref('measured_progress') }} as progress
        on members.obligation_id = progress.obligation_id and members.starts_on = progress.measured_to
    left join {{ ref('price_allocations') }} as allocations
        on members.obligation_id = allocations.obligation_id
    where allocations.hold_reason is null
)

select
    measured.price_group_id,
    measured.round_no,
    measured.starts_on,
    measured.obligation_id,
    measured.is_added,
    measured.added_minor,
    measured.progress_part,
    measured.progress_whole,
    measured.adjusted_minor,
    case prices.ssp_basis
        when 'per_unit_month'
            then {{ mul_div(
                'cast(measured.terms_quantity * 1000000 as bigint)',
                'prices.ssp_minor * 12 * greatest('
                ~ days_between('greatest(measured.available_date, measured.starts_on)', 'measured.service_end_date') ~ ', 0)',
                '365000000'
            ) }}
        when 'per_unit'
            then {{ mul_div(
                'cast((measured.terms_quantity - measured.added_quantity) * 1000000 as bigint)',
                'prices.ssp_minor * (measured.progress_whole - measured.progress_part)',
                wide('measured.progress_whole') ~ ' * 1000000'
            ) }}
            + {{ mul_div('cast(measured.added_quantity * 1000000 as bigint)', 'prices.ssp_minor', '1000000') }}
        -- Face value, a residual or an option: what it weighed when agreed, as far as it remains.
        else {{ mul_div('coalesce(measured.ssp_weight, 0)', 'measured.progress_whole - measured.progress_part', 'measured.progress_whole') }}
            + case when measured.is_added then 0 else measured.added_minor end
    end as remaining_weight
from measured
left join {{ ref('selling_prices_in_force') }} as prices
    on
        measured.entity_id = prices.entity_id
        and measured.sku = prices.sku
        and measured.currency = prices.currency
        and measured.starts_on >= prices.effective_from
        and (prices.effective_to is null or measured.starts_on < prices.effective_to)
