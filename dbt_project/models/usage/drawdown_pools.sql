-- Amounts that usage of a contract draws down before anything is due: promotional grants first, then what was
-- bought (credits or a commitment); then priority, expiry, age. A grant lasts no longer than the item it came with, and
-- may be for some SKUs only. Pools of a contract and lane never overlap in time; a day meets the lanes in order.
with bought_grants as (
    select
        order_item_id as obligation_id,
        min(priority) as priority,
        max(cast(expires_at as date)) as expires_on,
        min(credit_grant_id) as credit_grant_id
    from {{ ref('stg_stripe__credit_grants') }}
    where category = 'paid' and not is_deleted and voided_at is null and order_item_id is not null
    group by order_item_id
),

bought as (
    select
        obligations.obligation_id as pool_id,
        obligations.obligation_id,
        obligations.contract_id,
        case obligations.pattern when 'commit_drawdown' then 'commitment' else 'paid_credit' end as pool_kind,
        2 as kind_rank,
        coalesce(grants.priority, 50) as priority,
        obligations.service_start_date as starts_on,
        least(
            coalesce(obligations.terminated_date, obligations.service_end_date),
            coalesce(grants.expires_on, obligations.service_end_date)
        ) as ends_on,
        obligations.stated_price_minor as amount_minor,
        obligations.currency,
        grants.credit_grant_id
    from {{ ref('obligations') }} as obligations
    left join bought_grants as grants
        on obligations.obligation_id = grants.obligation_id
    where obligations.pattern in ('commit_drawdown', 'prepaid_credit')
),

-- A grant belongs to the prepaid item it names; failing that, to the customer's prepaid item it starts in.
promotional_candidates as (
    select
        grants.credit_grant_id as pool_id,
        grants.priority,
        cast(grants.effective_at as date) as starts_on,
        cast(grants.expires_at as date) as expires_on,
        grants.amount_minor,
        grants.currency,
        prepaid.obligation_id,
        prepaid.contract_id,
        prepaid.service_end_date,
        row_number() over (
            partition by grants.credit_grant_id
            order by
                case when prepaid.obligation_id = grants.order_item_id then 0 else 1 end,
                case when prepaid.service_start_date <= cast(grants.effective_at as date) then 0 else 1 end,
                prepaid.service_end_date,
                prepaid.obligation_id
        ) as preference
    from {{ ref('stg_stripe__credit_grants') }} as grants
    inner join {{ ref('customer_crosswalk') }} as crosswalk
        on
            grants.stripe_customer_id = crosswalk.external_id
            and crosswalk.system = 'stripe'
    inner join {{ ref('obligations') }} as prepaid
        on
            crosswalk.customer_id = prepaid.customer_id
            and prepaid.pattern = 'prepaid_credit'
            and grants.currency = prepaid.currency
    where
        grants.category = 'promotional'
        and not grants.is_deleted
        and grants.voided_at is null
        and (
            grants.order_item_id = prepaid.obligation_id
            or (
                cast(grants.effective_at as date) < prepaid.service_end_date
                and coalesce(cast(grants.expires_at as date), prepaid.service_end_date) > prepaid.service_start_date
            )
        )
),

pools as (
    select * from bought

    union all

    select
        pool_id,
        cast(null as varchar) as obligation_id,
        contract_id,
        'promotional' as pool_kind,
        1 as kind_rank,
        priority,
        starts_on,
        least(coalesce(expires_on, service_end_date), service_end_date) as ends_on,
        amount_minor,
        currency,
        pool_id as credit_grant_id
    from promotional_candidates
    where preference = 1
),

-- Pools whose times touch stand in one row of lanes; in another, the count begins anew.
followed as (
    select
        *,
        max(ends_on) over (
            partition by contract_id order by starts_on, pool_id
            rows between unbounded preceding and 1 preceding
        ) as occupied_until
    from pools
),

rows_of_lanes as (
    select
        *,
        sum(case when occupied_until > starts_on then 0 else 1 end) over (
            partition by contract_id order by starts_on, pool_id
        ) as lane_row
    from followed
)

select
    pools.pool_id,
    pools.obligation_id,
    pools.contract_id,
    pools.pool_kind,
    cast(
        row_number() over (
            partition by pools.contract_id, pools.lane_row
            order by pools.kind_rank, pools.priority, pools.ends_on, pools.starts_on, pools.pool_id
        ) as integer
    ) as lane,
    pools.starts_on,
    pools.ends_on,
    pools.amount_minor,
    pools.currency,
    scopes.skus as scope_skus
from rows_of_lanes as pools
left join {{ ref('grant_scopes') }} as scopes
    on pools.credit_grant_id = scopes.credit_grant_id
