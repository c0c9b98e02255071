{{ config(meta={'dagster': {'ref': {'name': 'policy_version_problems'}}}) }}
select * from {{ ref('policy_version_problems') }}
