select
    cast(account_code as varchar) as account_code,
    cast(account_name as varchar) as account_name,
    cast(account_type as varchar) as account_type,
    cast(normal_side as varchar) as normal_side,
    cast(statement_line as varchar) as statement_line,
    cast(is_intercompany as boolean) as is_intercompany
from {{ ref('accounts') }}
