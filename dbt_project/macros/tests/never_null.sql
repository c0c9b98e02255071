{#- None of the columns is ever null. One test a model, because each test costs a query and a start. -#}
{% test never_null(model, columns) %}
select
    {{ columns | join(', ') }}
from {{ model }}
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}{{ column }} is null
    {%- endfor %}
{% endtest %}
