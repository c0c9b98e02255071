{#- The last round of wire allocation changed nothing. A failure means a longer chain of wires that share invoices than
    the rounds cover: raise `rounds` in the model. -#}
{% test allocation_rounds_settle(model) %}
select * from {{ model }}
where applied_minor <> previous_minor
{% endtest %}
