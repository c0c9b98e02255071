select
    cast(handoff as varchar) as handoff,
    cast(entity_id as varchar) as entity_id,
    cast(currency as varchar) as currency,
    cast(left_minor as bigint) as left_minor,
    cast(matched_minor as bigint) as matched_minor,
    cast(exception_minor as bigint) as exception_minor,
    cast(timing_minor as bigint) as timing_minor,
    cast(right_minor as bigint) as right_minor,
    cast(matched_count as bigint) as matched_count,
    cast(exception_count as bigint) as exception_count,
    cast(timing_count as bigint) as timing_count,
    cast(unexplained_minor as bigint) as unexplained_minor
from {{ ref('rec_summary') }}
