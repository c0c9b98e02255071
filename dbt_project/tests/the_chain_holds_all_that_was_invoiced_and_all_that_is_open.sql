{{ config(meta={'dagster': {'ref': {'name': 'rec_chain'}}}) }}
with parts as (
    select sum(invoiced_minor) as amount_minor from {{ ref('rec_chain') }}
    union all
    select -sum(amount_minor) from {{ ref('invoice_lines') }}
    where not is_void and finalized_date is not null
),

open_parts as (
    select sum(owed_minor - applied_minor) as amount_minor from {{ ref('rec_chain') }}
    union all
    select -sum(open_minor) from {{ ref('ar_open_items') }}
    union all
    select sum(unapplied_minor) from {{ ref('receipt_balances') }}
)

select 'invoiced' as what, sum(amount_minor) as difference_minor from parts
having sum(amount_minor) <> 0
union all
select 'open' as what, sum(amount_minor) as difference_minor from open_parts
having sum(amount_minor) <> 0
