{#- A relation: the newest version of each record as of the cut-off, its payload parsed to the struct `record`.
    Payloads are parsed before the window so that it carries narrow columns; equal instants are decided by content.
    `extra` adds expressions over the envelope: {'name': 'expression'}. -#}
{% macro newest_versions(relation, fields, extra={}) -%}
    select
        *
    from (
        select
            *,
            row_number() over (
                partition by record_key
                order by version_at desc, payload_hash desc
            ) as version_rank
        from (
            select
                _id as record_key,
                _entity as entity_id,
                _version_at as version_at,
                coalesce(_deleted, false) as is_deleted,
                _load_id as load_id,
                md5(payload) as payload_hash,
                {%- for name, expression in extra.items() %}
                {{ expression }} as {{ name }},
                {%- endfor %}
                {{ parsed('payload', fields) }} as record
            from {{ relation }}
            where _version_at < {{ as_of() }}
        ) as versions
    ) as ranked
    where version_rank = 1
{%- endmacro %}

{#- The same for a source of typed columns: the newest version of each `_id` as of the cut-off. -#}
{% macro newest_rows(relation) -%}
    select
        *
    from (
        select
            *,
            row_number() over (
                partition by _id
                order by _version_at desc, _load_id desc
            ) as version_rank
        from {{ relation }}
        where _version_at < {{ as_of() }}
    ) as ranked
    where version_rank = 1
{%- endmacro %}
