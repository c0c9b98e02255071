{#- The grain of a model: no two rows share the columns, and none of them is null unless `nullable` names it; nor is any of those
    that `filled` names. One test a model, because each costs a query and a start. -#}
{% test unique_combination(model, columns, nullable=[], filled=[]) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ column }} is null
    {%- endfor %}
{%- if filled %}
union all
select
    {{ columns | join(', ') }},
    1 as row_count
from {{ model }}
where
    {%- for column in filled %}
    {{ 'or ' if not loop.first }}{{ column }} is null
    {%- endfor %}
{%- endif %}
{% endtest %}
