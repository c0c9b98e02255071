{#- A query: what each quantity costs under the tiers of its obligation, rounded once, half to even, to minor units.
    `relation` has obligation_id, currency and `keys`; quantities are cumulative for their month.
    graduated: each slice at its price. volume: all units at the price of the tier reached.
    package: each slice at its price per started package. A tier holds quantities in (from, to].
    Whole numbers throughout (millionths of a unit times 1e-10 of a price): a product of decimals is capped at 18 or 38
    digits, differently by engine. -#}
{% macro rated(relation, keys, quantity) -%}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{ mul_div(
            'sum(case tier_model'
            ~ ' when \'graduated\' then ' ~ wide('slice_millionths') ~ ' * scaled_price'
            ~ ' when \'volume\' then case when quantity_millionths > from_millionths'
            ~ ' and (to_millionths is null or quantity_millionths <= to_millionths)'
            ~ ' then ' ~ wide('quantity_millionths') ~ ' * scaled_price else 0 end'
            ~ ' when \'package\' then '
            ~ wide(int_div('slice_millionths + package_millionths - 1', 'nullif(package_millionths, 0)'))
            ~ ' * 1000000 * scaled_price end)',
            'max(minor_factor)',
            '10000000000000000'
        ) }} as rated_minor
    from (
        select
            *,
            greatest(
                least(quantity_millionths, coalesce(to_millionths, quantity_millionths)) - from_millionths, 0
            ) as slice_millionths
        from (
            select
                {%- for key in keys %}
                priced.{{ key }},
                {%- endfor %}
                tiers.tier_model,
                {{ millionths('priced.' ~ quantity) }} as quantity_millionths,
                {{ millionths('tiers.from_quantity') }} as from_millionths,
                {{ millionths('tiers.to_quantity') }} as to_millionths,
                {{ millionths('tiers.package_size') }} as package_millionths,
                cast(cast(tiers.unit_price as decimal(28, 10)) * 10000000000 as bigint) as scaled_price,
                {{ minor_factor('currencies.exponent') }} as minor_factor
            from {{ relation }} as priced
            inner join {{ ref('stg_salesforce__rate_tiers') }} as tiers
                on
                    priced.obligation_id = tiers.order_item_id
                    and not tiers.is_deleted
            inner join {{ ref('currencies') }} as currencies on priced.currency = currencies.currency
        ) as tiered
    ) as sliced
    group by {{ keys | join(', ') }}
{%- endmacro %}

{% macro millionths(expression) -%}
    cast(cast({{ expression }} as decimal(28, 6)) * 1000000 as bigint)
{%- endmacro %}
