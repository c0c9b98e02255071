with accounts as (
    select * from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

-- An account can own a billing customer in several entities; the one of its own entity stands for it.
billing_customers as (
    select
        crosswalk.customer_id,
        crosswalk.external_id as stripe_customer_id,
        crosswalk.method,
        crosswalk.confidence,
        row_number() over (
            partition by crosswalk.customer_id
            order by
                case when billing.entity_id = accounts.entity_id then 0 else 1 end,
                crosswalk.confidence desc,
                crosswalk.external_id
        ) as preference
    from {{ ref('customer_crosswalk') }} as crosswalk
    inner join {{ ref('stg_stripe__customers') }} as billing on crosswalk.external_id = billing.stripe_customer_id
    inner join accounts on crosswalk.customer_id = accounts.account_id
    where crosswalk.system = 'stripe'
)

select
    accounts.account_id as customer_id,
    accounts.account_name as customer_name,
    accounts.entity_id,
    accounts.currency,
    accounts.country,
    billing_customers.stripe_customer_id,
    accounts.tenant_id,
    accounts.payment_terms_days,
    accounts.owner_id,
    coalesce(billing_customers.method, 'none') as match_method,
    coalesce(billing_customers.confidence, cast(0 as decimal(3, 2))) as match_confidence
from accounts
left join billing_customers
    on
        accounts.account_id = billing_customers.customer_id
        and billing_customers.preference = 1
