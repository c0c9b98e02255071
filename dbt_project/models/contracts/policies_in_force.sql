-- Which versions of the policies this run computes under, by dimension, nearest first: the chosen version, what it is based on,
-- and so on. A recast takes the dimensions one at a time; those it has not reached yet stay as reported.
{%- set dimensions = ['pattern', 'standalone selling price', 'product mapping', 'entity of record'] %}
with chosen as (
    {%- for dimension in dimensions %}
    {{ 'union all' if not loop.first }}
    select
        '{{ dimension }}' as dimension,
        {%- if dimension in var('policy_dimensions') %}
        '{{ var("policy") }}' as policy_id
        {%- else %}
        'reported' as policy_id
        {%- endif %}
    {%- endfor %}
),

step_0 as (
    select
        chosen.dimension,
        policies.policy_id,
        policies.based_on
    from chosen
    inner join {{ ref('policies') }} as policies
        on chosen.policy_id = policies.policy_id
),
{% for step in [1, 2, 3, 4] %}
step_{{ step }} as (
    select
        nearer.dimension,
        policies.policy_id,
        policies.based_on
    from step_{{ step - 1 }} as nearer
    inner join {{ ref('policies') }} as policies
        on nearer.based_on = policies.policy_id
){{ ',' if not loop.last }}
{% endfor %}
{% for step in [0, 1, 2, 3, 4] %}
{{ 'union all' if not loop.first }}
select
    dimension,
    policy_id,
    {{ step }} as distance
from step_{{ step }}
{%- endfor %}
