-- Everything that does not match, from all handoffs and from evidence held back, with who acts and how.
{%- set handoffs = [
    'rec_orders_to_billing', 'rec_usage_to_invoices', 'rec_invoices_to_cash', 'rec_payouts_to_bank', 'rec_ledger_to_gl',
    'rec_evidence',
] %}
with unmatched as (
    {%- for handoff in handoffs %}
    {{ 'union all' if not loop.first }}
    select
        rec_id,
        handoff,
        entity_id,
        customer_id,
        contract_id,
        period,
        currency,
        left_ref,
        right_ref,
        left_minor,
        right_minor,
        difference_minor,
        {{ 'absolute_minor' if handoff in ['rec_ledger_to_gl', 'rec_usage_to_invoices'] else 'abs(difference_minor)' }} as absolute_minor,
        status,
        reason_code,
        match_method,
        seen_date,
        {{ 'detail' if handoff == 'rec_evidence' else 'cast(null as varchar)' }} as detail
    from {{ ref(handoff) }}
    where status <> 'matched'
    {%- endfor %}
)

select
    unmatched.rec_id,
    unmatched.handoff,
    unmatched.entity_id,
    unmatched.customer_id,
    unmatched.contract_id,
    unmatched.period,
    unmatched.currency,
    unmatched.left_ref,
    unmatched.right_ref,
    unmatched.left_minor,
    unmatched.right_minor,
    unmatched.difference_minor,
    cast(unmatched.absolute_minor as bigint) as absolute_minor,
    unmatched.status,
    unmatched.reason_code,
    unmatched.match_method,
    reasons.is_defect,
    reasons.severity,
    reasons.owner_role,
    reasons.description as reason,
    coalesce(unmatched.detail, reasons.description) as detail,
    reasons.suggested_action,
    cast(unmatched.seen_date as date) as first_seen_date,
    cast(greatest({{ days_between('unmatched.seen_date', as_of_date()) }} - 1, 0) as bigint) as age_days,
    coalesce({{ source_url('unmatched.right_ref') }}, {{ source_url('unmatched.left_ref') }}) as source_url
from unmatched
left join {{ ref('reason_codes') }} as reasons
    on unmatched.reason_code = reasons.reason_code
