-- The day from which the books carry an invoice. A receivable is a right that nothing but time stands before (606-10-45-4):
-- an invoice of a contract that fails step 1 waits until the customer is collectable, and one of a contract that can
-- still be cancelled waits for the money or the service.
with lines as (
    select
        lines.invoice_id,
        max(contracts.collectable_from) as collectable_from,
        min(case when contracts.is_cancellable then 1 else 0 end) = 1 as is_cancellable,
        min(obligations.service_start_date) as service_start_date
    from {{ ref('invoice_lines') }} as lines
    inner join {{ ref('obligations') }} as obligations
        on lines.obligation_id = obligations.obligation_id
    inner join {{ ref('contracts') }} as contracts
        on obligations.contract_id = contracts.contract_id
    where lines.unmatched_reason is null
    group by lines.invoice_id
),

first_receipts as (
    select
        invoice_id,
        min(applied_date) as first_receipt_date
    from {{ ref('cash_applications') }}
    group by invoice_id
)

select
    invoices.invoice_id,
    greatest(
        invoices.finalized_date,
        coalesce(lines.collectable_from, invoices.finalized_date),
        case
            when lines.is_cancellable
                then least(lines.service_start_date, coalesce(first_receipts.first_receipt_date, lines.service_start_date))
            else invoices.finalized_date
        end
    ) as booked_date
from {{ ref('invoices') }} as invoices
left join lines
    on invoices.invoice_id = lines.invoice_id
left join first_receipts
    on invoices.invoice_id = first_receipts.invoice_id
where invoices.finalized_date is not null
