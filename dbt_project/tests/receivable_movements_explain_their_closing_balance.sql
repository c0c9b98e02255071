{{ config(meta={'dagster': {'ref': {'name': 'ar_rollforward'}}}) }}
select *
from {{ ref('ar_rollforward') }}
where
    opening_minor + invoice_minor + void_minor + credit_note_minor + receipt_card_minor + receipt_bank_minor
    + intercompany_receipt_minor
    + refund_minor + dispute_withdrawn_minor + dispute_reinstated_minor + dispute_lost_minor
    + write_off_minor + recovery_minor + deposit_minor + deposit_applied_minor <> closing_minor
