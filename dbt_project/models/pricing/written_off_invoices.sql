-- What was still owed on an invoice on the day it was marked uncollectible, tax included. A void takes an invoice back
-- altogether, so that nothing is left to write off.
with written_off as (
    select * from {{ ref('invoices') }}
    where written_off_date is not null and voided_date is null
),

movements as (
    select invoice_id, cast('0001-01-01' as date) as day, total_minor - balance_applied_minor as owed_minor from written_off
    union all
    select invoice_id, {{ add_days('issued_date', -1) }} as day, -(amount_minor + tax_minor) as owed_minor
    from {{ ref('credit_note_lines') }}
    union all
    -- What is paid on the day or later comes in on a debt that is written off already.
    select invoice_id, applied_date as day, -applied_minor as owed_minor from {{ ref('cash_applications') }}
    union all
    select
        invoice_id,
        reversal_date as day,
        case kind
            when 'refund' then credited_minor
            when 'dispute_withdrawn' then amount_minor
            else -amount_minor
        end as owed_minor
    from {{ ref('card_reversals') }}
)

select
    written_off.invoice_id,
    written_off.entity_id,
    written_off.customer_id,
    written_off.currency,
    written_off.written_off_date,
    cast(greatest(sum(movements.owed_minor), 0) as bigint) as written_off_minor,
    cast(
        coalesce(
            {{ mul_div('greatest(sum(movements.owed_minor), 0)', 'written_off.tax_minor', 'written_off.total_minor') }}, 0
        ) as bigint
    ) as tax_minor
from written_off
inner join movements
    on
        written_off.invoice_id = movements.invoice_id
        and written_off.written_off_date > movements.day
group by
    written_off.invoice_id,
    written_off.entity_id,
    written_off.customer_id,
    written_off.currency,
    written_off.written_off_date,
    written_off.tax_minor,
    written_off.total_minor
