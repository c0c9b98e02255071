select * from {{ source('landing', 'pull_failure') }}
