select
    cast(selling_entity_id as varchar) as selling_entity_id,
    cast(supplying_entity_id as varchar) as supplying_entity_id,
    cast(entry_type as varchar) as entry_type,
    cast(eliminated as varchar) as eliminated,
    cast(period as date) as period,
    cast(currency as varchar) as currency,
    cast(sum(seller_minor) as bigint) as seller_minor,
    cast(sum(supplier_minor) as bigint) as supplier_minor,
    cast(sum(difference_minor) as bigint) as difference_minor,
    cast(count(*) as bigint) as pair_count
from {{ ref('intercompany_eliminations') }}
group by selling_entity_id, supplying_entity_id, entry_type, eliminated, period, currency
