{#- Exact integer arithmetic. `a / b` and `round()` give DOUBLE on DuckDB, so neither appears in a model. -#}

{% macro wide(expression) -%}
    {{ return(adapter.dispatch('wide', 'tieout')(expression)) }}
{%- endmacro %}

{% macro default__wide(expression) -%}
    cast({{ expression }} as hugeint)
{%- endmacro %}

{% macro spark__wide(expression) -%}
    cast({{ expression }} as decimal(38, 0))
{%- endmacro %}

{#- Quotient of two whole numbers, truncated towards zero. -#}
{% macro int_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('int_div', 'tieout')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__int_div(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{% macro spark__int_div(numerator, denominator) -%}
    (({{ numerator }}) div ({{ denominator }}))
{%- endmacro %}

{#- The same for wide numbers. DuckDB divides 128 bits one bit at a time, ten times slower than 64: what fits is narrowed. -#}
{% macro wide_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('wide_div', 'tieout')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__wide_div(numerator, denominator) -%}
    coalesce(
        try_cast({{ numerator }} as bigint) // try_cast({{ denominator }} as bigint), {{ numerator }} // {{ denominator }}
    )
{%- endmacro %}

{% macro spark__wide_div(numerator, denominator) -%}
    {{ int_div(numerator, denominator) }}
{%- endmacro %}

{#- a * b / c rounded once, half to even, exact in wide integers. c > 0; null if any part is null or c is 0. -#}
{% macro mul_div(a, b, c) -%}
    {%- set n = '(' ~ wide(a) ~ ' * (' ~ b ~ '))' -%}
    {%- set d = 'nullif(' ~ wide(c) ~ ', 0)' -%}
    {%- set q = wide_div(n, d) -%}
    {%- set r = 'abs(' ~ n ~ ' - ' ~ q ~ ' * ' ~ d ~ ')' -%}
    cast(
        case
            when 2 * {{ r }} > {{ d }} or (2 * {{ r }} = {{ d }} and {{ q }} % 2 <> 0)
                then {{ q }} + case when {{ n }} < 0 then -1 else 1 end
            else {{ q }}
        end as bigint
    )
{%- endmacro %}

{#- A decimal expression rounded to a whole number, half to even. -#}
{% macro half_even(expression) -%}
    {%- set x = '(' ~ expression ~ ')' -%}
    cast(
        floor({{ x }}) + case
            when {{ x }} - floor({{ x }}) > 0.5 then 1
            when {{ x }} - floor({{ x }}) = 0.5 and floor({{ x }}) % 2 <> 0 then 1
            else 0
        end as bigint
    )
{%- endmacro %}

{#- The smallest whole number not below a decimal expression. -#}
{% macro ceiling_of(expression) -%}
    cast(ceil({{ expression }}) as bigint)
{%- endmacro %}
