{#- Two pools of one contract and lane that share a day would each take it: more than two at a time need another lane. -#}
{% test pools_of_a_lane_never_overlap(model) %}
select
    one.pool_id,
    other.pool_id as other_pool_id
from {{ model }} as one
inner join {{ model }} as other
    on
        one.contract_id = other.contract_id
        and one.lane = other.lane
        and one.pool_id < other.pool_id
        and one.starts_on < other.ends_on
        and other.starts_on < one.ends_on
{% endtest %}
