{#- Words of free text, and lists of them. Positions start at 1. -#}

{#- The list of words (letters, digits, inner dashes and underscores) of a text, as written. -#}
{% macro words(text) -%}
    {{ return(adapter.dispatch('words', 'tieout')(text)) }}
{%- endmacro %}

{% macro default__words(text) -%}
    regexp_extract_all(coalesce({{ text }}, ''), '[A-Za-z0-9][A-Za-z0-9_-]*')
{%- endmacro %}

{% macro spark__words(text) -%}
    regexp_extract_all(coalesce({{ text }}, ''), '([A-Za-z0-9][A-Za-z0-9_-]*)', 1)
{%- endmacro %}

{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length', 'tieout')(list)) }}
{%- endmacro %}

{% macro default__list_length(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__list_length(list) -%}
    size({{ list }})
{%- endmacro %}

{% macro list_entry(list, position) -%}
    {{ return(adapter.dispatch('list_entry', 'tieout')(list, position)) }}
{%- endmacro %}

{% macro default__list_entry(list, position) -%}
    list_extract({{ list }}, {{ position }})
{%- endmacro %}

{% macro spark__list_entry(list, position) -%}
    element_at({{ list }}, cast({{ position }} as int))
{%- endmacro %}

{#- The first date written as YYYY-MM-DD in a text, or null. -#}
{% macro date_in(text) -%}
    try_cast(nullif(regexp_extract({{ text }}, '[0-9]{4}-[0-9]{2}-[0-9]{2}', 0), '') as date)
{%- endmacro %}
