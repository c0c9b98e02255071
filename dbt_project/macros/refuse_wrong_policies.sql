{#- An operation: stops a recast before it computes anything on versions of the policies that contradict themselves. -#}
{% macro refuse_wrong_policies() -%}
    {%- set found = run_query(
        "select seed_name || ' ' || row_key || ': ' || problem as line from " ~ ref('policy_version_problems') ~ " order by 1"
    ) -%}
    {%- if found.rows | length > 0 -%}
        {{ exceptions.raise_compiler_error('policy versions refused: ' ~ (found.columns[0].values() | join('; '))) }}
    {%- endif -%}
{%- endmacro %}
