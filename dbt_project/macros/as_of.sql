{#- The exclusive cut-off of evidence. The only clock a model may read: it is passed in, never taken. -#}
{% macro as_of() -%}
    cast('{{ var("as_of") }}' as timestamp)
{%- endmacro %}

{#- The first day that is not included any more: the cut-off rounded up to a whole UTC day. -#}
{% macro as_of_date() -%}
    {%- set instant = modules.datetime.datetime.fromisoformat(var("as_of") | string) -%}
    {%- set day = instant.date() -%}
    {%- if instant.time() != modules.datetime.time(0, 0) -%}
        {%- set day = day + modules.datetime.timedelta(days=1) -%}
    {%- endif -%}
    cast('{{ day.isoformat() }}' as date)
{%- endmacro %}
