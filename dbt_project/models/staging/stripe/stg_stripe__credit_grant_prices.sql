with source as (
    {{ newest_versions(
        source('stripe', 'credit_grant'),
        {
            'applicability_config': {'scope': {'prices': [{'id': 'text'}]}}
        }
    ) }}
),

exploded as (
    select
        record_key as credit_grant_id,
        entity_id,
        version_at,
        is_deleted,
        {{ each_element('record.applicability_config.scope.prices') }} as price
    from source
),

renamed as (
    select
        credit_grant_id,
        price.id as price_id,
        entity_id,
        version_at,
        is_deleted
    from exploded
    where price.id is not null
    group by credit_grant_id, price.id, entity_id, version_at, is_deleted
)

select * from renamed
