with card as (
    select
        'stripe:charge:' || charge_id as receipt_id,
        invoice_id,
        entity_id,
        entity_id as receiving_entity_id,
        currency,
        paid_to_invoice_minor as applied_minor,
        charged_date as applied_date,
        'invoice_payment' as method,
        cast(1 as decimal(3, 2)) as confidence
    from {{ ref('card_charges') }}
    where
        -- Money for an invoice that has not arrived stays unapplied.
        invoice_id in (select invoice_id from {{ ref('invoices') }})
        and paid_to_invoice_minor <> 0
),

wires as (
    select
        receipt_id,
        invoice_id,
        entity_id,
        receiving_entity_id,
        currency,
        applied_minor,
        received_date as applied_date,
        case when entity_id <> receiving_entity_id then 'cross_entity_remittance' else 'remittance' end as method,
        cast(0.95 as decimal(3, 2)) as confidence
    from {{ ref('wire_allocations') }}
    where applied_minor > 0
)

select * from card
union all
select * from wires
