-- The evidence behind each entry, one row a piece: the way back from a figure to what a source said.
with stated as (
    select entry_key, evidence_ref
    from {{ ref('ledger_entry_lines') }}
    where entry_type <> 'presentation'
),

usage_behind_revenue as (
    select distinct
        lines.entry_key,
        'metering:usage:' || customers.tenant_id || '|' || obligations.sku as evidence_ref
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('obligations') }} as obligations
        on lines.obligation_id = obligations.obligation_id
    inner join {{ ref('customers') }} as customers
        on obligations.customer_id = customers.customer_id
    where lines.entry_type in ('revenue', 'intercompany') and obligations.is_usage and customers.tenant_id is not null
),

reductions_behind_revenue as (
    select
        lines.entry_key,
        reductions.evidence_ref
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('price_reductions') }} as reductions
        on
            lines.obligation_id = reductions.obligation_id
            and lines.period = reductions.period
    where lines.entry_type = 'revenue'
),

-- A presentation entry restates a balance: its evidence is that of the entries which made the balance move.
behind_presentation as (
    select
        presented.entry_key,
        moved.evidence_ref
    from {{ ref('ledger_entry_lines') }} as presented
    inner join {{ ref('ledger_entry_lines') }} as moved
        on
            presented.contract_id = moved.contract_id
            and presented.period = moved.period
            and moved.account_code = '2100'
            and moved.entry_type <> 'presentation'
    where presented.entry_type = 'presentation'
),

-- A rate through a third currency comes from two quotations; what is left of a balance that is gone is its contract's.
behind_remeasurement as (
    select
        lines.entry_key,
        rates.second_evidence_ref as evidence_ref
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('exchange_rates') }} as rates
        on
            lines.currency = rates.currency
            and lines.functional_currency = rates.functional_currency
            and lines.entry_date = rates.rate_date
    where lines.entry_type = 'remeasurement' and rates.second_evidence_ref is not null
    union
    select
        entry_key,
        'salesforce:contract:' || contract_id as evidence_ref
    from {{ ref('ledger_entry_lines') }}
    where entry_type = 'remeasurement' and contract_id is not null
)

select entry_key, evidence_ref from stated
union
select entry_key, evidence_ref from behind_remeasurement
union
select entry_key, evidence_ref from usage_behind_revenue
union
select entry_key, evidence_ref from reductions_behind_revenue
union
select entry_key, evidence_ref from behind_presentation
