-- Amounts that usage of a contract draws down before anything is due: promotional grants first, then what was
-- bought (credits or a commitment). A grant lasts no longer than the item it came with. The pools of a contract and
-- lane never overlap in time, and a day meets the lanes in order.
with grants as (
    select
        *,
        cast(effective_at as date) as starts_on,
        cast(expires_at as date) as expires_on
    from {{ ref('stg_stripe__credit_grants') }}
    where not is_deleted and voided_at is null
),

-- What was bought is granted in the billing system, which says in what order and until when it is drawn.
paid_grants as (
    select
        order_item_id,
        min(credit_grant_id) as credit_grant_id,
        min(priority) as priority,
        max(expires_on) as expires_on
    from grants
    where category = 'paid' and order_item_id is not null
    group by order_item_id
),

bought as (
    select
        obligations.obligation_id as pool_id,
        paid_grants.credit_grant_id,
        obligations.obligation_id,
        obligations.contract_id,
        case obligations.pattern when 'commit_drawdown' then 'commitment' else 'paid_credit' end as pool_kind,
        2 as kind_rank,
        coalesce(paid_grants.priority, 0) as priority,
        obligations.service_start_date as starts_on,
        least(
            coalesce(obligations.terminated_date, obligations.service_end_date),
            coalesce(paid_grants.expires_on, obligations.service_end_date)
        ) as ends_on,
        obligations.stated_price_minor as amount_minor,
        obligations.currency
    from {{ ref('obligations') }} as obligations
    left join paid_grants
        on obligations.obligation_id = paid_grants.order_item_id
    where obligations.pattern in ('commit_drawdown', 'prepaid_credit')
),

-- A grant belongs to the prepaid item it names; failing that, to the customer's prepaid item it starts in.
promotional_candidates as (
    select
        grants.credit_grant_id as pool_id,
        grants.priority,
        grants.starts_on,
        grants.expires_on,
        grants.amount_minor,
        grants.currency,
        prepaid.obligation_id,
        prepaid.contract_id,
        prepaid.service_end_date,
        row_number() over (
            partition by grants.credit_grant_id
            order by
                case when prepaid.obligation_id = grants.order_item_id then 0 else 1 end,
                case when prepaid.service_start_date <= grants.starts_on then 0 else 1 end,
                prepaid.service_end_date,
                prepaid.obligation_id
        ) as preference
    from grants
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
        and (
            grants.order_item_id = prepaid.obligation_id
            or (
                grants.starts_on < prepaid.service_end_date
                and coalesce(grants.expires_on, prepaid.service_end_date) > prepaid.service_start_date
            )
        )
),

pools as (
    select * from bought

    union all

    select
        pool_id,
        pool_id as credit_grant_id,
        cast(null as varchar) as obligation_id,
        contract_id,
        'promotional' as pool_kind,
        1 as kind_rank,
        priority,
        starts_on,
        least(coalesce(expires_on, service_end_date), service_end_date) as ends_on,
        amount_minor,
        currency
    from promotional_candidates
    where preference = 1
),

crowded as (
    select distinct later.pool_id
    from pools as later
    inner join pools as earlier
        on
            later.contract_id = earlier.contract_id
            and later.kind_rank = earlier.kind_rank
            and later.starts_on < earlier.ends_on
            and later.ends_on > earlier.starts_on
            and (later.priority, later.ends_on, later.starts_on, later.pool_id)
            > (earlier.priority, earlier.ends_on, earlier.starts_on, earlier.pool_id)
)

select
    pools.pool_id,
    pools.credit_grant_id,
    pools.obligation_id,
    pools.contract_id,
    pools.pool_kind,
    2 * pools.kind_rank - case when crowded.pool_id is null then 1 else 0 end as lane,
    pools.starts_on,
    pools.ends_on,
    pools.amount_minor,
    pools.currency
from pools
left join crowded using (pool_id)
