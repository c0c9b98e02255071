-- Lines of the entries that lower what a customer owes without a billing document: disputes lost, refunds that no
-- credit note explains, write-offs and what came in on them. `amount_minor` is debit positive.
with reductions as (
    select
        reductions.*,
        case reductions.kind when 'refund' then 'refund_reduction' else reductions.kind end as entry_type,
        case reductions.kind
            when 'dispute_lost' then 'dispute lost'
            when 'refund' then 'refund without a credit note lowers the price'
            when 'write_off' then 'invoice marked uncollectible'
            else 'written-off invoice paid after all'
        end as rule,
        invoices.customer_id
    from {{ ref('invoice_reductions') }} as reductions
    left join {{ ref('invoices') }} as invoices
        on reductions.invoice_id = invoices.invoice_id
),

sides as (
    select
        kind,
        source_id,
        case when is_suspense then '2350' else '2100' end as account_code,
        obligation_id,
        contract_id,
        'stripe:invoice_line:' || invoice_line_id as evidence_ref,
        amount_minor
    from {{ ref('price_reductions') }}
    where kind not in ('credit_note', 'void')
    union all
    select
        kind,
        source_id,
        '2500' as account_code,
        null as obligation_id,
        null as contract_id,
        evidence_ref,
        tax_minor
    from reductions
    union all
    select
        kind,
        source_id,
        '1100' as account_code,
        null as obligation_id,
        null as contract_id,
        evidence_ref,
        -amount_minor as amount_minor
    from reductions
)

select
    reductions.entry_type || ':' || reductions.source_id as entry_key,
    reductions.entry_type,
    reductions.rule,
    reductions.entity_id,
    reductions.reduction_date as entry_date,
    reductions.currency,
    sides.account_code,
    sides.obligation_id,
    sides.contract_id,
    reductions.customer_id,
    reductions.invoice_id,
    sides.evidence_ref,
    sides.amount_minor
from sides
inner join reductions
    on
        sides.kind = reductions.kind
        and sides.source_id = reductions.source_id
