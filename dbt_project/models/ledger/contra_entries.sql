-- Lines of the entries that show what was given back of recognised revenue on its own account. Debit positive.
with recognised as (
    select
        reductions.*,
        obligations.customer_id
    from {{ ref('recognised_reductions') }} as reductions
    inner join {{ ref('obligations') }} as obligations
        on reductions.obligation_id = obligations.obligation_id
    where reductions.contra_minor <> 0
),

sides as (
    select price_reduction_id, account_code, contra_minor - supplier_share_minor as amount_minor
    from recognised
    union all
    select price_reduction_id, '2000' as account_code, supplier_share_minor as amount_minor
    from recognised
    union all
    select price_reduction_id, '2100' as account_code, -contra_minor as amount_minor
    from recognised
)

select
    'contra:' || recognised.price_reduction_id as entry_key,
    'contra' as entry_type,
    'recognised part of what was given back' as rule,
    recognised.entity_id,
    recognised.reduction_date as entry_date,
    recognised.currency,
    sides.account_code,
    recognised.obligation_id,
    recognised.contract_id,
    recognised.customer_id,
    recognised.invoice_id,
    recognised.evidence_ref,
    sides.amount_minor
from sides
inner join recognised
    on sides.price_reduction_id = recognised.price_reduction_id
