{#- A query: what each quantity costs under the tiers of its obligation, rounded once, half to even, to minor units.
    `relation` has obligation_id, currency and `keys`; quantities are cumulative for their month.
    graduated: each slice at its price. volume: all units at the price of the tier reached.
    package: each slice at its price per started package. A tier holds quantities in (from, to]. -#}
{% macro rated(relation, keys, quantity) -%}
    {%- set slice = 'greatest(least(priced.' ~ quantity ~ ', coalesce(tiers.to_quantity, priced.' ~ quantity ~ ')) - tiers.from_quantity, 0)' -%}
    {%- set packages = int_div(
        'cast(' ~ slice ~ ' * 1000000 as bigint) + cast(tiers.package_size * 1000000 as bigint) - 1',
        'nullif(cast(tiers.package_size * 1000000 as bigint), 0)'
    ) -%}
    select
        {%- for key in keys %}
        priced.{{ key }},
        {%- endfor %}
        {{ half_even(
            'sum(case tiers.tier_model'
            ~ ' when \'graduated\' then ' ~ slice ~ ' * tiers.unit_price'
            ~ ' when \'volume\' then case when priced.' ~ quantity ~ ' > tiers.from_quantity'
            ~ ' and (tiers.to_quantity is null or priced.' ~ quantity ~ ' <= tiers.to_quantity)'
            ~ ' then priced.' ~ quantity ~ ' * tiers.unit_price else 0 end'
            ~ ' when \'package\' then cast(' ~ packages ~ ' as decimal(18, 6)) * tiers.unit_price end)'
            ~ ' * max(' ~ minor_factor('currencies.exponent') ~ ')'
        ) }} as rated_minor
    from {{ relation }} as priced
    inner join {{ ref('stg_salesforce__rate_tiers') }} as tiers
        on
            priced.obligation_id = tiers.order_item_id
            and not tiers.is_deleted
    inner join {{ ref('currencies') }} as currencies on priced.currency = currencies.currency
    group by
        {%- for key in keys %}
        priced.{{ key }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}
