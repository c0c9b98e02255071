select * from {{ source('landing', 'load') }}
