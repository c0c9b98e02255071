{#- Nothing is lost or made in a handoff: a sum over this model equals a sum over another, for each group.
    A group that only one side knows fails too, unless its sum is 0. -#}
{% test conservation(model, total, source_model, source_total, group_by, source_group_by=none, where='true', source_where='true') %}
{%- set source_groups = source_group_by or group_by -%}
with here as (
    select
        {%- for column in group_by %}
        {{ column }} as group_{{ loop.index }},
        {%- endfor %}
        sum({{ total }}) as total_amount
    from {{ model }}
    where {{ where }}
    group by {{ group_by | join(', ') }}
),

there as (
    select
        {%- for column in source_groups %}
        {{ column }} as group_{{ loop.index }},
        {%- endfor %}
        sum({{ source_total }}) as total_amount
    from {{ source_model }}
    where {{ source_where }}
    group by {{ source_groups | join(', ') }}
)

select
    {%- for column in group_by %}
    coalesce(here.group_{{ loop.index }}, there.group_{{ loop.index }}) as group_{{ loop.index }},
    {%- endfor %}
    coalesce(here.total_amount, 0) as here_amount,
    coalesce(there.total_amount, 0) as there_amount
from here
full outer join there
    on
    {%- for column in group_by %}
    {{ 'and ' if not loop.first }}here.group_{{ loop.index }} is not distinct from there.group_{{ loop.index }}
    {%- endfor %}
where coalesce(here.total_amount, 0) <> coalesce(there.total_amount, 0)
{% endtest %}
