{#- Money: integer minor units plus an ISO 4217 currency whose exponent the currency seed gives. -#}

{#- Ten to the exponent of a currency (0 to 4), exact. -#}
{% macro minor_factor(exponent) -%}
    case {{ exponent }} when 0 then 1 when 1 then 10 when 2 then 100 when 3 then 1000 when 4 then 10000 end
{%- endmacro %}

{#- A major-unit amount (text or decimal) to minor units, half to even. Null when it is no number or the exponent is unknown. -#}
{% macro to_minor(amount, exponent) -%}
    {{ half_even('try_cast(' ~ amount ~ ' as decimal(28, 9)) * (' ~ minor_factor(exponent) ~ ')') }}
{%- endmacro %}
