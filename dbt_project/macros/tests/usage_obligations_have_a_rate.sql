{#- Usage without a price would be rated at nothing without a word. -#}
{% test usage_obligations_have_a_rate(model, obligations) %}
select obligation_id
from {{ obligations }}
where
    is_usage
    and obligation_id not in (select obligation_id from {{ model }})
{% endtest %}
