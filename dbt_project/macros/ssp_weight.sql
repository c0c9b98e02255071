{#- What an obligation sells for alone, in minor units, over its term: its weight in an allocation. `row` is the alias that
    carries quantity, dates and stated price; `price` the alias of the selling price and `amount` its column. -#}
{% macro ssp_weight(row, price, amount='ssp_minor') -%}
    case {{ price }}.ssp_basis
        -- The selling price of a month, over the days of the service: quantity x SSP x days x 12 / 365.
        when 'per_unit_month'
            then {{ mul_div(
                'cast(' ~ row ~ '.quantity * 1000000 as bigint)',
                price ~ '.' ~ amount ~ ' * 12 * ' ~ days_between(row ~ '.service_start_date', row ~ '.service_end_date'),
                '365000000'
            ) }}
        when 'per_unit'
            then {{ mul_div('cast(' ~ row ~ '.quantity * 1000000 as bigint)', price ~ '.' ~ amount, '1000000') }}
        -- Sold at face value: what the order states is what it sells for alone.
        when 'stated_price' then {{ row }}.stated_price_minor
    end
{%- endmacro %}
