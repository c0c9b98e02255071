{{ config(meta={'dagster': {'ref': {'name': 'rec_summary'}}}) }}
select *
from {{ ref('rec_summary') }}
where unexplained_minor <> 0 or left_minor - right_minor <> exception_minor + timing_minor
