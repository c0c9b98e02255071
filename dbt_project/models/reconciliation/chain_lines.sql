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
        lines.credits_applied_minor,
        lines.tax_minor,
        0 as unlined_minor,
        greatest(lines.net_minor + lines.tax_minor, 0) as line_weight
    from {{ ref('invoice_lines') }} as lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
),

line_totals as (
    select invoice_id, sum(amount_minor - credits_applied_minor + tax_minor) as total_minor
    from lines
    group by invoice_id
),

-- An invoice whose lines are not all known still has a balance to explain.
without_lines as (
    select
        invoices.invoice_id as chain_line_id,
        invoices.invoice_id,
        'none:' || invoices.entity_id || ':' || invoices.currency as contract_id,
        invoices.entity_id,
        invoices.currency,
        {{ month_start('invoices.finalized_date') }} as period,
        invoices.finalized_date,
        0 as amount_minor,
        0 as credits_applied_minor,
        0 as tax_minor,
        invoices.total_minor - coalesce(line_totals.total_minor, 0) as unlined_minor,
        greatest(invoices.total_minor - coalesce(line_totals.total_minor, 0), 0) as line_weight
    from invoices
    left join line_totals
        on invoices.invoice_id = line_totals.invoice_id
    where line_totals.invoice_id is null or line_totals.total_minor <> invoices.total_minor
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
    cast(credits_applied_minor as bigint) as credits_applied_minor,
    cast(tax_minor as bigint) as tax_minor,
    cast(unlined_minor as bigint) as unlined_minor,
    cast(line_weight as bigint) as line_weight,
    entity_id || '|' || substr(cast(finalized_date as varchar), 1, 7) || '|invoice|' || currency as posting_key
from walked
