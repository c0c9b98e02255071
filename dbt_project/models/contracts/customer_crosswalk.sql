-- Who is who across systems. An external id that fits no account or several has no customer: an exception, not a guess.
with accounts as (
    select * from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

billing_customers as (
    select * from {{ ref('stg_stripe__customers') }}
    where not is_deleted
),

claims as (
    select
        'stripe' as external_system,
        billing_customers.stripe_customer_id as external_id,
        accounts.account_id,
        'metadata' as method,
        1 as method_rank
    from billing_customers
    inner join accounts on billing_customers.salesforce_account_id = accounts.account_id

    union all

    select
        'stripe' as external_system,
        billing_customers.stripe_customer_id as external_id,
        accounts.account_id,
        'account_field' as method,
        2 as method_rank
    from billing_customers
    inner join accounts on billing_customers.stripe_customer_id = accounts.stripe_customer_id

    union all

    select
        'metering' as external_system,
        tenant_id as external_id,
        account_id,
        'account_field' as method,
        2 as method_rank
    from accounts
    where tenant_id is not null

    union all

    select
        'bank' as external_system,
        upper(trim(account_name)) as external_id,
        account_id,
        'name' as method,
        3 as method_rank
    from accounts
    where account_name is not null
),

-- The strongest method that names any account decides.
strongest as (
    select
        external_system,
        external_id,
        min(method_rank) as method_rank
    from claims
    group by external_system, external_id
),

decided as (
    select
        claims.external_system,
        claims.external_id,
        claims.method,
        count(distinct claims.account_id) as account_count,
        min(claims.account_id) as account_id
    from claims
    inner join strongest using (external_system, external_id, method_rank)
    group by claims.external_system, claims.external_id, claims.method
),

unclaimed as (
    select
        'stripe' as external_system,
        stripe_customer_id as external_id
    from billing_customers
    where stripe_customer_id not in (
        select external_id from claims
        where external_system = 'stripe'
    )
)

select
    external_system as system,
    external_id,
    case when account_count = 1 then account_id end as customer_id,
    method,
    cast(
        case
            when account_count > 1 then 0
            when method = 'metadata' then 1
            when method = 'account_field' then 0.95
            else 0.8
        end as decimal(3, 2)
    ) as confidence,
    account_count > 1 as is_ambiguous,
    account_count
from decided

union all

select
    external_system as system,
    external_id,
    cast(null as varchar) as customer_id,
    'none' as method,
    cast(0 as decimal(3, 2)) as confidence,
    false as is_ambiguous,
    0 as account_count
from unclaimed
