-- Remaining performance obligations (606-10-50-13): what is scheduled after the cut-off, by month, and by time band. What is
-- billed as used is left out (606-10-50-14(b)); so is a contract on hold.
select
    contract_id,
    entity_id,
    currency,
    stream,
    period,
    case
        when period < {{ add_months(month_start(as_of_date()), 12) }} then 'within_12_months'
        when period < {{ add_months(month_start(as_of_date()), 24) }} then 'months_13_to_24'
        else 'after_24_months'
    end as band,
    cast(sum(net_revenue_minor) as bigint) as remaining_minor
from {{ ref('revenue_schedule') }}
where not is_actual and not is_usage
group by contract_id, entity_id, currency, stream, period
having sum(net_revenue_minor) <> 0
