-- A view: the history is the largest table there is, and only usage_daily reads it.
{{ config(materialized='view') }}

with source as (
    select * from {{ source('metering', 'usage_event') }}
    where ingested_at < {{ as_of() }}
),

renamed as (
    select
        event_id,
        tenant_id,
        sku,
        quantity,
        unit,
        kind,
        revision,
        region,
        event_at,
        cast(event_at as date) as usage_date,
        ingested_at,
        _file as file_name
    from source
)

select * from renamed
