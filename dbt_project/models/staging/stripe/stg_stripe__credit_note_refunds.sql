with source as (
    {{ newest_versions(
        source('stripe', 'credit_note'),
        {
            'status': 'text',
            'refunds': [{'refund': 'text', 'amount_refunded': 'bigint'}]
        }
    ) }}
),

exploded as (
    select
        record_key as credit_note_id,
        record.status,
        is_deleted,
        {{ each_element('record.refunds') }} as refunded
    from source
),

renamed as (
    select
        credit_note_id,
        refunded.refund as refund_id,
        refunded.amount_refunded as refunded_minor,
        status,
        is_deleted
    from exploded
)

select * from renamed
