select
    cast(receipt_id as varchar) as receipt_id,
    cast(invoice_id as varchar) as invoice_id,
    cast(entity_id as varchar) as entity_id,
    cast(receiving_entity_id as varchar) as receiving_entity_id,
    cast(currency as varchar) as currency,
    cast(applied_minor as bigint) as applied_minor,
    cast(applied_date as date) as applied_date,
    cast(method as varchar) as method,
    cast(confidence as decimal(3, 2)) as confidence
from {{ ref('cash_applications') }}
