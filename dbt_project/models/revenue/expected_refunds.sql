-- What a contract is expected to give back of what it was paid (606-10-32-10), at each month end and at the cut-off: the part
-- of estimated returns and refunds that falls on what was delivered.
with months as (
    select
        progress.obligation_id,
        progress.measured_to,
        progress.period,
        progress.progress_part,
        progress.progress_whole
    from {{ ref('measured_progress') }} as progress
    inner join {{ ref('measurement_dates') }} as dates
        on progress.measured_to = dates.measured_to
    where progress.is_actual
),

expected as (
    select
        obligations.contract_id,
        obligations.entity_id,
        obligations.currency,
        months.period,
        months.measured_to,
        -sum({{ mul_div('adjustments.amount_minor', 'months.progress_part', 'months.progress_whole') }}) as expected_minor
    from {{ ref('price_adjustments') }} as adjustments
    inner join months
        on
            adjustments.obligation_id = months.obligation_id
            and months.measured_to > adjustments.known_date
    inner join {{ ref('obligations') }} as obligations
        on adjustments.obligation_id = obligations.obligation_id
    where adjustments.kind in ('return', 'refund_expected')
    group by obligations.contract_id, obligations.entity_id, obligations.currency, months.period, months.measured_to
)

select
    contract_id,
    entity_id,
    currency,
    period,
    measured_to,
    cast(greatest(expected_minor, 0) as bigint) as expected_minor
from expected
