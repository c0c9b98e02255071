{#- What the first units of what a contract was billed are worth: the layers before `units`, and its share of its own layer. -#}
{% macro layer_value(units, layer) -%}
    coalesce(
        {{ layer }}.functional_before_minor + {{ mul_div(
            units ~ ' - ' ~ layer ~ '.billed_before_minor', layer ~ '.functional_minor', layer ~ '.amount_minor'
        ) }}, 0
    )
{%- endmacro %}

{#- The condition on which `layer` is the one that the unit `units` lies in. -#}
{% macro layer_holds(relation, units, layer) -%}
    {{ relation }}.contract_id = {{ layer }}.contract_id
            and {{ relation }}.entity_id = {{ layer }}.entity_id
            and {{ relation }}.currency = {{ layer }}.currency
            and {{ units }} > {{ layer }}.billed_before_minor
            and {{ units }} <= {{ layer }}.billed_minor
{%- endmacro %}
