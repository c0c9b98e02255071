{#- Stable hash over the parts that identify a row; a null part and an empty one differ. -#}
{% macro rec_id(parts) -%}
    md5(
        {%- for part in parts %}
        {{ "'|' || " if not loop.first }}coalesce(cast({{ part }} as varchar), '\N') {{ "||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
