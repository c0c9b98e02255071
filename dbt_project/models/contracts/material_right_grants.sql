-- Options that are a material right (606-10-55-42): what they sell for alone, and how long they can be exercised.
-- A derived selling price is purchases x (discount - discount for everybody) x likelihood, rounded once.
with options as (
    select
        *,
        cast(discount as decimal(9, 6)) as own_discount,
        cast(coalesce(general_discount, 0) as decimal(9, 6)) as common_discount,
        cast(likelihood as decimal(9, 6)) as chance
    from {{ ref('material_rights') }}
),

units as (
    select
        option_id,
        max(on_date) as last_date
    from {{ ref('material_right_units') }}
    group by option_id
)

select
    options.option_id,
    options.order_id,
    coalesce(
        options.ssp_minor,
        {{ mul_div(
            'cast((options.own_discount - options.common_discount) * 1000000 as bigint) * cast(options.chance * 1000000 as bigint)',
            'options.purchases_minor',
            '1000000000000'
        ) }}
    ) as ssp_minor,
    options.units,
    options.expires_date,
    {{ add_days('units.last_date', 1) }} as last_exercise_end
from options
left join units using (option_id)
