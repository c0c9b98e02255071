-- Every line of the computed entries up to the cut-off, in the currency of its document.
-- `posting_key` is the summary under which the ERP carries the entry.
with entries as (
    {% for entries in [
        'invoice_entries', 'card_entries', 'bank_entries', 'deposit_entries', 'loss_entries', 'contra_entries', 'revenue_entries',
        'financing_entries', 'presentation_entries', 'intercompany_entries',
    ] -%}
    {{ 'union all' if not loop.first }}
    select
        entry_key,
        entry_type,
        rule,
        entity_id,
        entry_date,
        currency,
        account_code,
        obligation_id,
        contract_id,
        customer_id,
        invoice_id,
        evidence_ref,
        cast(amount_minor as bigint) as amount_minor
    from {{ ref(entries) }}
    {% endfor -%}
),

-- What a contract earns and owes is in the books of its entity of record; what was invoiced, taxed and paid stays where it was.
-- The two meet in the intercompany account, entry by entry.
recorded as (
    select
        entries.* {{ without_columns(['entity_id']) }},
        coalesce(records.record_entity_id, entries.entity_id) as entity_id
    from entries
    left join {{ ref('record_entities') }} as records
        on entries.contract_id = records.contract_id and entries.entity_id = records.seller_entity_id
    {%- for entity, sign in [('seller_entity_id', ''), ('record_entity_id', '-')] %}
    union all
    select
        entries.entry_key,
        entries.entry_type,
        'contract carried by its entity of record' as rule,
        entries.entry_date,
        entries.currency,
        '1900' as account_code,
        cast(null as varchar) as obligation_id,
        entries.contract_id,
        max(entries.customer_id) as customer_id,
        max(entries.invoice_id) as invoice_id,
        min(entries.evidence_ref) as evidence_ref,
        cast({{ sign }}sum(entries.amount_minor) as bigint) as amount_minor,
        records.{{ entity }} as entity_id
    from entries
    inner join {{ ref('record_entities') }} as records
        on entries.contract_id = records.contract_id and entries.entity_id = records.seller_entity_id
    group by
        entries.entry_key,
        entries.entry_type,
        entries.entry_date,
        entries.currency,
        entries.contract_id,
        records.{{ entity }}
    {%- endfor %}
),

booked as (
    select
        entries.* {{ without_columns(['account_code']) }},
        -- What can be claimed back is a deposit, not deferred revenue.
        case
            when entries.account_code = '2100' and obligations.is_refundable then '2200'
            else entries.account_code
        end as account_code,
        {{ month_start('entries.entry_date') }} as period,
        obligations.stream,
        row_number() over (
            partition by entries.entry_key
            order by
                entries.account_code,
                coalesce(entries.obligation_id, ''),
                coalesce(entries.invoice_id, ''),
                entries.evidence_ref,
                entries.amount_minor
        ) as line_no
    from recorded as entries
    left join {{ ref('obligations') }} as obligations
        on entries.obligation_id = obligations.obligation_id
    where entries.amount_minor <> 0 and entries.entry_date < {{ as_of_date() }}
)

select
    entry_key,
    line_no,
    entry_type,
    rule,
    entity_id,
    entry_date,
    period,
    currency,
    account_code,
    greatest(amount_minor, 0) as debit_minor,
    greatest(-amount_minor, 0) as credit_minor,
    amount_minor,
    stream,
    contract_id,
    obligation_id,
    customer_id,
    invoice_id,
    evidence_ref,
    entity_id || '|' || substr(cast(period as varchar), 1, 7) || '|' || entry_type || '|' || currency as posting_key
from booked
