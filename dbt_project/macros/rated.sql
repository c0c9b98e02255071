{#- A query: what each quantity costs by the rate card of its obligation, rounded once, half to even, to minor units.
    `relation` has obligation_id and `keys`; quantities are cumulative for their month. The tier that a quantity reaches
    knows what everything below it costs, so one row of the card prices a quantity; nothing costs nothing, and what lies
    beyond the end of the card is not priced here.
    Whole numbers throughout (millionths of a unit times 1e-10 of a price): a product of decimals is capped at 18 or 38
    digits, differently by engine. -#}
{% macro rated(relation, keys, quantity) -%}
    {%- set priced = 'least(used.quantity_millionths, card.card_end_millionths)' -%}
    {%- set above = '(' ~ priced ~ ' - card.from_millionths)' -%}
    {%- set packages = int_div('(' ~ priced ~ ' - card.from_millionths + card.package_millionths - 1)', 'card.package_millionths') -%}
    select
        {%- for key in keys %}
        used.{{ key }},
        {%- endfor %}
        {{ mul_div(
            'case card.tier_model'
            ~ ' when \'graduated\' then card.cost_below + ' ~ wide(above) ~ ' * card.scaled_price'
            ~ ' when \'volume\' then ' ~ wide(priced) ~ ' * card.scaled_price'
            ~ ' when \'package\' then card.cost_below + ' ~ wide(packages) ~ ' * 1000000 * card.scaled_price end',
            '1',
            '10000000000000000'
        ) }} as rated_minor
    from (
        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            {%- if 'obligation_id' not in keys %}
            obligation_id,
            {%- endif %}
            {{ millionths(quantity) }} as quantity_millionths
        from {{ relation }}
    ) as used
    inner join {{ ref('rate_cards') }} as card
        on
            used.obligation_id = card.obligation_id
            and {{ priced }} > card.from_millionths
            and {{ priced }} <= card.to_millionths
{%- endmacro %}

{#- A quantity of at most 18 digits in millionths; whole part and rest apart, so that no step needs more than 64 bits. -#}
{% macro millionths(quantity) -%}
    (
        cast(floor({{ quantity }}) as bigint) * 1000000
        + cast(({{ quantity }} - floor({{ quantity }})) * 1000000 as bigint)
    )
{%- endmacro %}
