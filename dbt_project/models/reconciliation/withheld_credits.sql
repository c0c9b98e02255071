-- Credits of a contract that its usage of a month drew down and its invoices of that month did not apply. Billing can apply
-- no more than it bills, and what it applied too early is not withheld later: so the month and the contract to date.
with charges as (
    select
        contract_id,
        period,
        sum(promotional_minor + credit_drawn_minor) as drawn_minor
    from {{ ref('usage_charges') }}
    group by contract_id, period
),

lines as (
    select
        *,
        row_number() over (
            partition by contract_id, period order by net_minor desc, finalized_date, invoice_line_id
        ) as bearing_no
    from {{ ref('invoice_lines') }}
    where line_kind = 'usage' and unmatched_reason is null and finalized_date is not null and not is_void
),

billed as (
    select
        contract_id,
        period,
        sum(amount_minor) as amount_minor,
        sum(credits_applied_minor) as applied_minor
    from lines
    group by contract_id, period
),

months as (
    select
        coalesce(charges.contract_id, billed.contract_id) as contract_id,
        coalesce(charges.period, billed.period) as period,
        coalesce(charges.drawn_minor, 0) as drawn_minor,
        coalesce(billed.amount_minor, 0) as amount_minor,
        coalesce(billed.applied_minor, 0) as applied_minor
    from charges
    full outer join billed
        on
            charges.contract_id = billed.contract_id
            and charges.period = billed.period
),

to_date as (
    select
        *,
        sum(drawn_minor - applied_minor) over (partition by contract_id order by period) as outstanding_minor
    from months
),

withheld as (
    select
        *,
        least(least(drawn_minor, amount_minor) - applied_minor, outstanding_minor) as withheld_minor
    from to_date
)

select
    withheld.contract_id,
    withheld.period,
    lines.invoice_line_id,
    lines.obligation_id,
    lines.entity_id,
    lines.currency,
    lines.customer_id,
    lines.finalized_date,
    cast(withheld.drawn_minor as bigint) as drawn_minor,
    cast(withheld.applied_minor as bigint) as applied_minor,
    cast(withheld.withheld_minor as bigint) as withheld_minor
from withheld
inner join lines
    on
        withheld.contract_id = lines.contract_id
        and withheld.period = lines.period
        and lines.bearing_no = 1
where withheld.withheld_minor > 0
