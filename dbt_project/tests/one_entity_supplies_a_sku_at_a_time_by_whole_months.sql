{{ config(meta={'dagster': {'ref': {'name': 'intercompany_agreements'}}}) }}
select
    agreements.selling_entity_id,
    agreements.sku,
    agreements.effective_from
from {{ ref('intercompany_agreements') }} as agreements
left join {{ ref('intercompany_agreements') }} as others
    on
        agreements.selling_entity_id = others.selling_entity_id
        and agreements.sku = others.sku
        and agreements.effective_from < others.effective_from
        and coalesce(agreements.effective_to > others.effective_from, true)
where
    others.sku is not null
    or agreements.selling_entity_id = agreements.supplying_entity_id
    or agreements.transfer_bps not between 0 and 10000
    or agreements.effective_from <> {{ month_start('agreements.effective_from') }}
    or agreements.effective_to <> {{ month_start('agreements.effective_to') }}
