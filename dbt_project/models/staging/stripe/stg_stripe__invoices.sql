with source as (
    {{ newest_versions(
        source('stripe', 'invoice'),
        {
            'number': 'text',
            'customer': 'text',
            'currency': 'text',
            'status': 'text',
            'collection_method': 'text',
            'billing_reason': 'text',
            'subtotal': 'bigint',
            'total': 'bigint',
            'total_excluding_tax': 'bigint',
            'amount_due': 'bigint',
            'amount_paid': 'bigint',
            'amount_remaining': 'bigint',
            'post_payment_credit_notes_amount': 'bigint',
            'pre_payment_credit_notes_amount': 'bigint',
            'starting_balance': 'bigint',
            'ending_balance': 'bigint',
            'due_date': 'bigint',
            'effective_at': 'bigint',
            'created': 'bigint',
            'status_transitions': {'finalized_at': 'bigint', 'paid_at': 'bigint', 'voided_at': 'bigint', 'marked_uncollectible_at': 'bigint'},
            'total_pretax_credit_amounts': [{'amount': 'bigint'}],
            'total_taxes': [{'amount': 'bigint', 'tax_behavior': 'text'}],
            'metadata': {'paid_out_of_band': 'text'}
        }
    ) }}
),

renamed as (
    select
        record_key as invoice_id,
        record.customer as stripe_customer_id,
        record.number as invoice_number,
        entity_id,
        upper(record.currency) as currency,
        record.status,
        record.collection_method,
        record.billing_reason,
        record.subtotal - {{ inclusive_tax('record.total_taxes') }} as subtotal_minor,
        coalesce(cast({{ list_total('record.total_pretax_credit_amounts', 'amount') }} as bigint), 0) as credits_applied_minor,
        coalesce(cast({{ list_total('record.total_taxes', 'amount') }} as bigint), 0) as tax_minor,
        record.total as total_minor,
        -- A customer's credit balance is below zero at Stripe; what it rose by has paid for the invoice.
        coalesce(record.ending_balance, 0) - coalesce(record.starting_balance, 0) as balance_applied_minor,
        record.amount_due as amount_due_minor,
        record.amount_paid as amount_paid_minor,
        record.amount_remaining as amount_remaining_minor,
        {{ from_unix('record.created') }} as created_at,
        {{ from_unix('record.effective_at') }} as effective_at,
        {{ from_unix('record.status_transitions.finalized_at') }} as finalized_at,
        {{ from_unix('record.due_date') }} as due_at,
        {{ from_unix('record.status_transitions.paid_at') }} as paid_at,
        {{ from_unix('record.status_transitions.voided_at') }} as voided_at,
        {{ from_unix('record.status_transitions.marked_uncollectible_at') }} as marked_uncollectible_at,
        version_at,
        is_deleted
    from source
)

select * from renamed
