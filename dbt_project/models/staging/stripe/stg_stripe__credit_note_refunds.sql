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
        entity_id,
        record.status as credit_note_status,
        version_at,
        is_deleted,
        {{ each_element('record.refunds') }} as part
    from source
),

renamed as (
    select
        credit_note_id,
        part.refund as refund_id,
        entity_id,
        credit_note_status,
        sum(part.amount_refunded) as amount_refunded_minor,
        version_at,
        is_deleted
    from exploded
    where part.refund is not null
    group by credit_note_id, part.refund, entity_id, credit_note_status, version_at, is_deleted
)

select * from renamed
