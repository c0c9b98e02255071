select
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(period as date) as period,
    cast(opening_minor as bigint) as opening_minor,
    cast(invoice_minor as bigint) as invoice_minor,
    cast(void_minor as bigint) as void_minor,
    cast(credit_note_minor as bigint) as credit_note_minor,
    cast(receipt_card_minor as bigint) as receipt_card_minor,
    cast(receipt_bank_minor as bigint) as receipt_bank_minor,
    cast(refund_minor as bigint) as refund_minor,
    cast(dispute_withdrawn_minor as bigint) as dispute_withdrawn_minor,
    cast(dispute_reinstated_minor as bigint) as dispute_reinstated_minor,
    cast(dispute_lost_minor as bigint) as dispute_lost_minor,
    cast(write_off_minor as bigint) as write_off_minor,
    cast(recovery_minor as bigint) as recovery_minor,
    cast(deposit_minor + deposit_applied_minor as bigint) as deposit_minor,
    cast(closing_minor as bigint) as closing_minor
from {{ ref('ar_rollforward') }}
