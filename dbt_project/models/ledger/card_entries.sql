-- Lines of the entries of the card processor: its movements, and lost disputes. `amount_minor` is debit positive.
with lost as (
    select
        reversals.*,
        invoices.customer_id
    from {{ ref('card_reversals') }} as reversals
    -- Without an invoice there is no receivable and no price: the money taken back has left unapplied cash.
    inner join {{ ref('invoices') }} as invoices
        on reversals.invoice_id = invoices.invoice_id
    where reversals.kind = 'dispute_lost'
),

lost_sides as (
    -- A lost dispute is a price reduction of what the invoice billed.
    select
        source_id as reversal_id,
        case when is_suspense then '2350' else '2100' end as account_code,
        obligation_id,
        contract_id,
        'stripe:invoice_line:' || invoice_line_id as evidence_ref,
        amount_minor
    from {{ ref('price_reductions') }}
    where kind = 'dispute_lost'
    union all
    select
        reversal_id,
        '2500' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:charge:' || charge_id as evidence_ref,
        tax_minor
    from lost
    union all
    select
        reversal_id,
        '1100' as account_code,
        null as obligation_id,
        null as contract_id,
        'stripe:charge:' || charge_id as evidence_ref,
        -amount_minor as amount_minor
    from lost
)

{% for side, sign in [('debit_account', ''), ('credit_account', '-')] -%}
select
    entry_key,
    entry_type,
    rule,
    entity_id,
    entry_date,
    currency,
    {{ side }} as account_code,
    cast(null as varchar) as obligation_id,
    cast(null as varchar) as contract_id,
    customer_id,
    invoice_id,
    evidence_ref,
    {{ sign }}amount_minor as amount_minor
from {{ ref('card_movements') }}
union all
{% endfor -%}
select
    'dispute_lost:' || lost.reversal_id as entry_key,
    'dispute_lost' as entry_type,
    'dispute lost' as rule,
    lost.entity_id,
    lost.reversal_date as entry_date,
    lost.currency,
    lost_sides.account_code,
    lost_sides.obligation_id,
    lost_sides.contract_id,
    lost.customer_id,
    lost.invoice_id,
    lost_sides.evidence_ref,
    lost_sides.amount_minor
from lost_sides
inner join lost
    on lost_sides.reversal_id = lost.reversal_id
