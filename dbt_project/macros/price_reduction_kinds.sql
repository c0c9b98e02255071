{#- What takes back a price after it was invoiced, shown against contra revenue; everything else changes revenue itself. -#}
{% macro price_reduction_kinds() -%}
    ('credit_note', 'dispute_lost', 'refund', 'void', 'write_off', 'recovery')
{%- endmacro %}
