-- Contracts that another entity's books carry than the one that sold them. Of several rules the nearest version decides, then
-- the one that says more.
with rules as (
    select
        rules.*,
        in_force.distance
    from {{ ref('record_entity_policies') }} as rules
    inner join {{ ref('policies_in_force') }} as in_force
        on
            rules.policy_id = in_force.policy_id
            and in_force.dimension = 'entity of record'
),

ranked as (
    select
        contracts.contract_id,
        contracts.entity_id as seller_entity_id,
        rules.record_entity_id,
        rules.policy_id,
        rules.reason,
        row_number() over (
            partition by contracts.contract_id
            order by
                rules.distance,
                case when rules.customer_country = '*' then 1 else 0 end,
                case when rules.currency = '*' then 1 else 0 end,
                rules.effective_from desc
        ) as preference
    from {{ ref('contracts') }} as contracts
    inner join {{ ref('stg_salesforce__accounts') }} as accounts
        on contracts.customer_id = accounts.account_id
    inner join rules
        on
            contracts.entity_id = rules.seller_entity_id
            and rules.customer_country in ('*', accounts.country)
            and rules.currency in ('*', contracts.currency)
            and contracts.start_date >= rules.effective_from
            and (rules.effective_to is null or contracts.start_date < rules.effective_to)
)

select
    contract_id,
    seller_entity_id,
    record_entity_id,
    policy_id,
    reason
from ranked
where preference = 1 and seller_entity_id <> record_entity_id
