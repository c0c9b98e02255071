-- Invoice lines as the chain walks them: whose contract and month they bill, and their weight in their invoice.
-- Lines that no contract can own walk under `none:<entity>:<currency>`, so that nothing leaves the chain.
with invoices as (
    select *
    from {{ ref('invoices') }}
    where finalized_date is not null and voided_date is null
),

lines as (
    select
        lines.invoice_line_id as chain_line_id,
        lines.invoice_id,
        case
            when lines.unmatched_reason is null and lines.contract_id is not null then lines.contract_id
            else 'none:' || lines.entity_id || ':' || lines.currency
        end as contract_id,
        lines.entity_id,
        lines.currency,
        lines.period,
        invoices.finalized_date,
        lines.amount_minor,
        greatest(lines.net_minor + lines.tax_minor, 0) as line_weight
    from {{ ref('invoice_lines') }} as lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
),

-- An invoice whose lines are not known still has a balance to explain.
without_lines as (
    select
        invoice_id as chain_line_id,
        invoice_id,
        'none:' || entity_id || ':' || currency as contract_id,
        entity_id,
        currency,
        {{ month_start('finalized_date') }} as period,
        finalized_date,
        0 as amount_minor,
        1 as line_weight
    from invoices
    where invoice_id not in (select invoice_id from lines)
),

walked as (
    select * from lines
    union all
    select * from without_lines
)

select
    chain_line_id,
    invoice_id,
    contract_id,
    entity_id,
    currency,
    period,
    cast(amount_minor as bigint) as amount_minor,
    cast(line_weight as bigint) as line_weight,
    entity_id || '|' || substr(cast(finalized_date as varchar), 1, 7) || '|invoice|' || currency as posting_key
from walked
