{#- The part of a Stripe amount that is tax: what `taxes` say is inclusive. Amounts of the books are before tax. -#}
{% macro inclusive_tax(taxes) -%}
    coalesce(cast({{ list_total_where(taxes, 'amount', 'tax_behavior', 'inclusive') }} as bigint), 0)
{%- endmacro %}
