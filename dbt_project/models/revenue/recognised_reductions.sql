-- The part of each price reduction that was recognised by the start of its day: what the price is worth at that progress
-- before the reduction, less what it is worth after. It is shown on an account of its own and not as less revenue.
-- What comes in on a written-off debt takes back what its write-off showed; the rest is revenue of its day.
with reductions as (
    select
        *,
        sum(amount_minor) over (
            partition by obligation_id, reduction_date order by kind, price_reduction_id
        ) as reduced_on_day_minor,
        sum(case when kind = 'write_off_recovery' then -amount_minor else 0 end) over (
            partition by invoice_line_id order by reduction_date, price_reduction_id
        ) as recovered_minor
    from {{ ref('price_reductions') }}
    where not is_suspense
),

progress as (
    select
        *,
        coalesce(
            lag(measured_to) over (partition by obligation_id order by measured_to), cast('0001-01-01' as date)
        ) as measured_from
    from {{ ref('obligation_progress') }}
),

priced as (
    select
        reductions.*,
        known.price_minor - (reductions.reduced_on_day_minor - reductions.amount_minor) as price_before_minor,
        known.progress_part,
        known.progress_whole
    from reductions
    left join progress as known
        on
            reductions.obligation_id = known.obligation_id
            and reductions.reduction_date = known.measured_to
),

recognised as (
    select
        *,
        -- Without a measurement on its day an obligation had not begun: nothing was recognised.
        case
            when kind = 'write_off_recovery' or coalesce(progress_whole, 0) = 0 then 0
            else
                {{ mul_div('price_before_minor', 'progress_part', 'progress_whole') }}
                - {{ mul_div('price_before_minor - amount_minor', 'progress_part', 'progress_whole') }}
        end as recognised_minor
    from priced
),

write_offs as (
    select
        invoice_line_id,
        amount_minor as written_off_minor,
        recognised_minor as expensed_minor
    from recognised
    where kind = 'write_off'
),

restored as (
    select
        recognised.*,
        case
            when recognised.kind = 'write_off_recovery' then coalesce(
                {{ mul_div('write_offs.expensed_minor', 'recognised.recovered_minor + recognised.amount_minor', 'write_offs.written_off_minor') }}
                - {{ mul_div('write_offs.expensed_minor', 'recognised.recovered_minor', 'write_offs.written_off_minor') }}, 0
            )
            else recognised.recognised_minor
        end as contra_minor
    from recognised
    left join write_offs
        on recognised.invoice_line_id = write_offs.invoice_line_id
)

select
    restored.price_reduction_id,
    restored.kind,
    restored.evidence_ref,
    restored.invoice_id,
    restored.obligation_id,
    restored.contract_id,
    restored.entity_id,
    restored.currency,
    restored.reduction_date,
    during.measured_to,
    case restored.kind
        when 'refund' then '4900'
        when 'credit_note' then '4910'
        when 'dispute_lost' then '4920'
        when 'void' then '4930'
        else '6100'
    end as account_code,
    restored.amount_minor,
    cast(restored.contra_minor as bigint) as contra_minor,
    -- An agent's supplier bears its share of what is given back.
    {{ mul_div('restored.contra_minor', 'obligations.supplier_share_bps', '10000') }} as supplier_share_minor
from restored
inner join {{ ref('obligations') }} as obligations
    on restored.obligation_id = obligations.obligation_id
inner join progress as during
    on
        restored.obligation_id = during.obligation_id
        and restored.reduction_date >= during.measured_from
        and restored.reduction_date < during.measured_to
