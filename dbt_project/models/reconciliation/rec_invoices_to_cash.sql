-- Each invoice, net of credits, against the cash that stayed; and each receipt, as far as no invoice took it.
with instalments as (
    -- A payer who pays in parts says so; one who is silent has paid too little.
    select applications.invoice_id
    from {{ ref('cash_applications') }} as applications
    inner join {{ ref('receipts') }} as receipts
        on applications.receipt_id = receipts.receipt_id
    where upper(receipts.reference_text) like '%INSTALMENT%' or upper(receipts.reference_text) like '%INSTALLMENT%'
    group by applications.invoice_id
),

cross_entity as (
    select invoice_id
    from {{ ref('cash_applications') }}
    where entity_id <> receiving_entity_id
    group by invoice_id
),

invoices as (
    select
        items.*,
        cross_entity.invoice_id is not null as is_cross_entity,
        case
            when is_void and open_minor <> 0 then 'PAID_THEN_VOIDED'
            when is_void then null
            when open_minor = 0
                then case
                    when
                        status = 'open'
                        and bank_minor > 0
                        and last_receipt_date < {{ add_days(as_of_date(), -10) }}
                        then 'RECEIPT_NOT_RECORDED'
                end
            when open_minor < 0 and credited_minor > 0 then 'CUSTOMER_CREDIT'
            when open_minor < 0 then 'OVERPAYMENT'
            when withdrawn_minor - disputes_lost_minor > 0 then 'INVOICE_DISPUTED'
            -- Settled but for what went back.
            when refunded_minor > 0 and open_minor <= refunded_minor then 'REFUND_WITHOUT_CREDIT_NOTE'
            when status = 'paid' and is_paid_out_of_band and bank_minor = 0 then 'PAID_WITHOUT_RECEIPT'
            when bank_minor > 0 and instalments.invoice_id is not null then 'INVOICE_PARTIALLY_PAID'
            when bank_minor > 0 or status = 'paid' then 'SHORT_PAYMENT'
            when card_minor > 0 then 'INVOICE_PARTIALLY_PAID'
            when days_overdue > 0 then 'INVOICE_OVERDUE'
            else 'INVOICE_OPEN_NOT_DUE'
        end as reason_code
    from {{ ref('ar_open_items') }} as items
    left join instalments
        on items.invoice_id = instalments.invoice_id
    left join cross_entity
        on items.invoice_id = cross_entity.invoice_id
),

unapplied as (
    select
        receipts.*,
        balances.unapplied_minor,
        case balances.unapplied_reason
            when 'overpayment' then 'OVERPAYMENT'
            when 'duplicate' then 'DUPLICATE_PAYMENT'
            else 'UNIDENTIFIED_RECEIPT'
        end as reason_code
    from {{ ref('receipts') }} as receipts
    inner join {{ ref('receipt_balances') }} as balances
        on receipts.receipt_id = balances.receipt_id
    where balances.unapplied_minor <> 0
)

select
    {{ rec_id(["'invoices_to_cash'", 'invoice_id']) }} as rec_id,
    'invoices_to_cash' as handoff,
    entity_id,
    customer_id,
    cast(null as varchar) as contract_id,
    {{ month_start('finalized_date') }} as period,
    currency,
    entity_id as right_entity_id,
    currency as right_currency,
    'stripe:invoice:' || invoice_id as left_ref,
    last_receipt_id as right_ref,
    owed_minor as left_minor,
    received_minor as right_minor,
    owed_minor - received_minor as difference_minor,
    case
        when reason_code is null then 'matched'
        when reason_code = 'INVOICE_OPEN_NOT_DUE' then 'timing'
        else 'exception'
    end as status,
    reason_code,
    case
        when card_minor <> 0 then 'card_charge'
        when is_cross_entity then 'cross_entity_remittance'
        when bank_minor <> 0 then 'remittance'
        else 'none'
    end as match_method,
    case
        when reason_code in ('INVOICE_OVERDUE', 'INVOICE_OPEN_NOT_DUE') then due_date
        else coalesce(last_receipt_date, paid_date, finalized_date)
    end as seen_date
from invoices
union all
select
    {{ rec_id(["'unapplied_receipt'", 'receipt_id']) }} as rec_id,
    'invoices_to_cash' as handoff,
    entity_id,
    customer_id,
    null as contract_id,
    {{ month_start('received_date') }} as period,
    currency,
    entity_id as right_entity_id,
    currency as right_currency,
    null as left_ref,
    receipt_id as right_ref,
    cast(0 as bigint) as left_minor,
    cast(unapplied_minor as bigint) as right_minor,
    cast(-unapplied_minor as bigint) as difference_minor,
    'exception' as status,
    reason_code,
    'none' as match_method,
    received_date as seen_date
from unapplied
