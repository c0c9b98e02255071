{#- A query: every row of `relation` plus `part_minor`, its part of `total`, by `weight` within `partition_by`.
    Parts sum to the total for negative totals too; the leftover units go to the largest remainders, ties by `order_by`.
    Where all weights of a partition are 0 the parts are even. Weights are whole numbers >= 0. -#}
{% macro largest_remainder(relation, partition_by, order_by, total, weight) -%}
    {%- set group = partition_by | join(', ') -%}
    {%- set order = order_by | join(', ') -%}
    {%- set share = int_div('abs(' ~ wide(total) ~ ') * lr_weight', 'lr_weight_sum') -%}
    {%- set helpers = ['lr_weight', 'lr_weight_sum', 'lr_base', 'lr_remainder', 'lr_base_sum', 'lr_rank'] -%}
    select
        * {{ without_columns(helpers) }},
        cast(
            (lr_base + case when lr_rank <= abs({{ wide(total) }}) - lr_base_sum then 1 else 0 end)
            * case when {{ total }} < 0 then -1 else 1 end as bigint
        ) as part_minor
    from (
        select
            *,
            sum(lr_base) over (partition by {{ group }}) as lr_base_sum,
            row_number() over (partition by {{ group }} order by lr_remainder desc, {{ order }}) as lr_rank
        from (
            select
                *,
                {{ share }} as lr_base,
                abs({{ wide(total) }}) * lr_weight - {{ share }} * lr_weight_sum as lr_remainder
            from (
                select
                    *,
                    case
                        when sum({{ wide(weight) }}) over (partition by {{ group }}) = 0 then 1
                        else {{ wide(weight) }}
                    end as lr_weight,
                    case
                        when sum({{ wide(weight) }}) over (partition by {{ group }}) = 0
                            then count(*) over (partition by {{ group }})
                        else sum({{ wide(weight) }}) over (partition by {{ group }})
                    end as lr_weight_sum
                from {{ relation }}
            ) as lr_weighted
        ) as lr_shared
    ) as lr_ranked
{%- endmacro %}

{% macro without_columns(columns) -%}
    {{ return(adapter.dispatch('without_columns', 'tieout')(columns)) }}
{%- endmacro %}

{% macro default__without_columns(columns) -%}
    exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__without_columns(columns) -%}
    except ({{ columns | join(', ') }})
{%- endmacro %}
