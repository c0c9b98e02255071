{{ config(meta={'dagster': {'ref': {'name': 'contract_asset_rollforward'}}}) }}
select *
from {{ ref('contract_asset_rollforward') }}
where opening_minor + recognised_ahead_minor + billed_minor <> closing_minor
