-- Each wire goes to the invoices it names, in the order named, up to what is open of each; of several wires that
-- name an invoice the earlier comes first. A pair depends on the pairs before it, by wire and by invoice: each
-- round makes one more link of such a chain exact, and a test proves that the last round changed nothing.
{%- set rounds = 12 %}
with named as (
    select * from {{ ref('named_invoices') }}
),

credit_notes as (
    select
        named.receipt_id,
        named.invoice_id,
        sum(notes.amount_minor + notes.tax_minor) as credited_minor
    from named
    inner join {{ ref('credit_note_lines') }} as notes
        on
            named.invoice_id = notes.invoice_id
            and named.received_date >= notes.issued_date
    group by named.receipt_id, named.invoice_id
),

card_payments as (
    select
        invoice_id,
        sum(paid_to_invoice_minor) as paid_minor
    from {{ ref('card_charges') }}
    where invoice_id is not null
    group by invoice_id
),

round_0 as (
    select
        named.receipt_id,
        named.invoice_id,
        named.entity_id,
        named.receiving_entity_id,
        named.currency,
        named.received_date,
        named.position,
        named.receipt_minor,
        case
            when invoices.voided_date <= named.received_date then 0
            else greatest(
                invoices.total_minor
                - coalesce(credit_notes.credited_minor, 0)
                - coalesce(card_payments.paid_minor, 0), 0
            )
        end as open_minor,
        cast(0 as bigint) as previous_minor,
        cast(0 as bigint) as applied_minor
    from named
    inner join {{ ref('invoices') }} as invoices using (invoice_id)
    left join credit_notes using (receipt_id, invoice_id)
    left join card_payments using (invoice_id)
),
{% for round in range(1, rounds + 1) %}
round_{{ round }} as (
    select
        receipt_id,
        invoice_id,
        entity_id,
        receiving_entity_id,
        currency,
        received_date,
        position,
        receipt_minor,
        open_minor,
        applied_minor as previous_minor,
        cast(
            greatest(
                least(
                    receipt_minor - coalesce(
                        sum(applied_minor) over (
                            partition by receipt_id order by position
                            rows between unbounded preceding and 1 preceding
                        ), 0
                    ),
                    open_minor - coalesce(
                        sum(applied_minor) over (
                            partition by invoice_id order by received_date, receipt_id
                            rows between unbounded preceding and 1 preceding
                        ), 0
                    )
                ), 0
            ) as bigint
        ) as applied_minor
    from round_{{ round - 1 }}
),
{% endfor %}
settled as (
    select * from round_{{ rounds }}
)

select * from settled
