{#- The account that shows what was taken back of recognised revenue, by kind of price reduction. -#}
{% macro contra_account(kind) -%}
    case {{ kind }}
        when 'refund' then '4900'
        when 'credit_note' then '4910'
        when 'dispute_lost' then '4920'
        when 'void' then '4930'
        when 'write_off' then '6100'
        when 'recovery' then '6100'
    end
{%- endmacro %}
