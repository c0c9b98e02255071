select * from {{ source('landing', 'file') }}
