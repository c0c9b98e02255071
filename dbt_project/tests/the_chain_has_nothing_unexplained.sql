{{ config(meta={'dagster': {'ref': {'name': 'rec_chain'}}}) }}
select *
from {{ ref('rec_chain') }}
where
    unexplained_minor <> 0
    or ordered_minor - contracted_minor <> evidence_explained_minor
    or rated_minor - contracted_minor <> usage_explained_minor
    or rated_minor - invoiced_minor <> billing_explained_minor
    or invoiced_minor - owed_minor
    <> credits_applied_minor - tax_minor - unlined_minor + credit_notes_minor + disputes_lost_minor
    or owed_minor - applied_minor <> cash_explained_minor
    or applied_minor - deposited_minor <> card_fees_minor + payout_explained_minor
    or deposited_minor - posted_minor <> gl_explained_minor
