{#- Payloads are parsed once a model, into a struct whose fields the model names.
    Field types: text, bigint, boolean, decimal; a nested mapping; a one-element list of any of these. -#}

{% macro json_schema(fields) -%}
    {%- if fields is string -%}
        {{ return({'text': 'VARCHAR', 'bigint': 'BIGINT', 'boolean': 'BOOLEAN', 'decimal': 'DECIMAL(28,12)'}[fields]) }}
    {%- elif fields is mapping -%}
        {%- set schema = {} -%}
        {%- for name, kind in fields.items() -%}
            {%- do schema.update({name: json_schema(kind)}) -%}
        {%- endfor -%}
        {{ return(schema) }}
    {%- else -%}
        {{ return([json_schema(fields[0])]) }}
    {%- endif -%}
{%- endmacro %}

{% macro parsed(payload, fields) -%}
    {{ return(adapter.dispatch('parsed', 'tieout')(payload, fields)) }}
{%- endmacro %}

{% macro default__parsed(payload, fields) -%}
    from_json({{ payload }}, '{{ tojson(json_schema(fields)) }}')
{%- endmacro %}

{#- A JSON number as the text the source wrote. A JSON parser would take it through a double: 17 digits become 16. -#}
{% macro json_number_text(payload, key) -%}
    nullif(regexp_extract({{ payload }}, '"{{ key }}"\s*:\s*"?([-+0-9.eE]+)', 1), '')
{%- endmacro %}

{#- In a select list: one row an element of a list of structs; no row for an empty list or none. -#}
{% macro each_element(list) -%}
    {{ return(adapter.dispatch('each_element', 'tieout')(list)) }}
{%- endmacro %}

{% macro default__each_element(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__each_element(list) -%}
    explode({{ list }})
{%- endmacro %}

{#- The sum of one field over a list of structs; null for an empty list or none. -#}
{% macro list_total(list, field) -%}
    {{ return(adapter.dispatch('list_total', 'tieout')(list, field)) }}
{%- endmacro %}

{% macro default__list_total(list, field) -%}
    list_sum(list_transform({{ list }}, lambda entry: entry.{{ field }}))
{%- endmacro %}

{% macro spark__list_total(list, field) -%}
    aggregate({{ list }}, cast(0 as bigint), (total, entry) -> total + entry.{{ field }})
{%- endmacro %}

{#- The same over the structs whose `key` is `value`; null when there is none. -#}
{% macro list_total_where(list, field, key, value) -%}
    {{ return(adapter.dispatch('list_total_where', 'tieout')(list, field, key, value)) }}
{%- endmacro %}

{% macro default__list_total_where(list, field, key, value) -%}
    list_sum(list_transform(list_filter({{ list }}, lambda entry: entry.{{ key }} = '{{ value }}'), lambda entry: entry.{{ field }}))
{%- endmacro %}

{% macro spark__list_total_where(list, field, key, value) -%}
    aggregate(filter({{ list }}, entry -> entry.{{ key }} = '{{ value }}'), cast(0 as bigint), (total, entry) -> total + entry.{{ field }})
{%- endmacro %}
