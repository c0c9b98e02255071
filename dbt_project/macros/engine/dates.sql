{#- Calendar arithmetic that differs between engines. All dates are UTC days, all intervals half open. -#}

{% macro month_start(expression) -%}
    cast(date_trunc('month', {{ expression }}) as date)
{%- endmacro %}

{% macro next_month(expression) -%}
    {{ add_months(month_start(expression), 1) }}
{%- endmacro %}

{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months', 'tieout')(day, months)) }}
{%- endmacro %}

{% macro default__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(day, months) -%}
    add_months({{ day }}, {{ months }})
{%- endmacro %}

{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'tieout')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, {{ days }})
{%- endmacro %}

{#- Whole days from one date to another. -#}
{% macro days_between(from_day, to_day) -%}
    {{ return(adapter.dispatch('days_between', 'tieout')(from_day, to_day)) }}
{%- endmacro %}

{% macro default__days_between(from_day, to_day) -%}
    (cast({{ to_day }} as date) - cast({{ from_day }} as date))
{%- endmacro %}

{% macro spark__days_between(from_day, to_day) -%}
    datediff({{ to_day }}, {{ from_day }})
{%- endmacro %}

{#- Whole seconds from one instant or date to another. -#}
{% macro seconds_between(from_instant, to_instant) -%}
    {{ return(adapter.dispatch('seconds_between', 'tieout')(from_instant, to_instant)) }}
{%- endmacro %}

{% macro default__seconds_between(from_instant, to_instant) -%}
    date_diff('second', cast({{ from_instant }} as timestamp), cast({{ to_instant }} as timestamp))
{%- endmacro %}

{% macro spark__seconds_between(from_instant, to_instant) -%}
    timestampdiff(second, cast({{ from_instant }} as timestamp), cast({{ to_instant }} as timestamp))
{%- endmacro %}

{#- Calendar month boundaries crossed from one date to another. -#}
{% macro months_between(from_day, to_day) -%}
    ((year({{ to_day }}) - year({{ from_day }})) * 12 + month({{ to_day }}) - month({{ from_day }}))
{%- endmacro %}

{#- In a select list: one row a month, from the month of the first day to the month of the last, both included. -#}
{% macro each_month(first_day, last_day) -%}
    {{ return(adapter.dispatch('each_month', 'tieout')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__each_month(first_day, last_day) -%}
    cast(unnest(generate_series({{ month_start(first_day) }}, {{ month_start(last_day) }}, interval 1 month)) as date)
{%- endmacro %}

{% macro spark__each_month(first_day, last_day) -%}
    explode(sequence({{ month_start(first_day) }}, {{ month_start(last_day) }}, interval 1 month))
{%- endmacro %}

{#- In a select list: one row a whole number, both ends included; no row when last < first. -#}
{% macro each_number(first, last) -%}
    {{ return(adapter.dispatch('each_number', 'tieout')(first, last)) }}
{%- endmacro %}

{% macro default__each_number(first, last) -%}
    unnest(generate_series(cast({{ first }} as bigint), cast({{ last }} as bigint)))
{%- endmacro %}

{% macro spark__each_number(first, last) -%}
    explode(case when {{ last }} >= {{ first }} then sequence({{ first }}, {{ last }}) else array() end)
{%- endmacro %}

{#- Seconds since 1970 to a UTC timestamp without zone. -#}
{% macro from_unix(seconds) -%}
    {{ return(adapter.dispatch('from_unix', 'tieout')(seconds)) }}
{%- endmacro %}

{% macro default__from_unix(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro spark__from_unix(seconds) -%}
    timestamp_seconds({{ seconds }})
{%- endmacro %}

{#- Salesforce instants, e.g. 2025-03-01T09:30:00.000+0000, to a UTC timestamp without zone. -#}
{% macro from_salesforce_instant(text) -%}
    cast(substr({{ text }}, 1, 19) as timestamp)
{%- endmacro %}
