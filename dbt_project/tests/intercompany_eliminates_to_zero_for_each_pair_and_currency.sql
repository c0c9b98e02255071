{{ config(meta={'dagster': {'ref': {'name': 'intercompany_eliminations'}}}) }}
select pair_id, eliminated, period, currency, seller_minor, supplier_minor, difference_minor
from {{ ref('intercompany_eliminations') }}
where difference_minor <> 0
