-- Grants that only some usage may draw on, and that usage: the scope names prices, a price its product, a product its SKU.
-- A pool without a row is open to all usage of its contract; a row without an obligation means that none may draw.
with scoped as (
    select
        prices.credit_grant_id,
        products.sku
    from {{ ref('stg_stripe__credit_grant_prices') }} as prices
    left join {{ ref('stg_stripe__prices') }} as catalogue
        on prices.price_id = catalogue.price_id
    left join {{ ref('stg_stripe__products') }} as products
        on catalogue.product_id = products.product_id
    where not prices.is_deleted
),

pools as (
    select
        drawdown_pools.pool_id,
        drawdown_pools.contract_id,
        scoped.sku
    from {{ ref('drawdown_pools') }} as drawdown_pools
    inner join scoped
        on coalesce(drawdown_pools.credit_grant_id, drawdown_pools.pool_id) = scoped.credit_grant_id
)

select
    pools.pool_id,
    obligations.obligation_id
from pools
left join {{ ref('obligations') }} as obligations
    on
        pools.contract_id = obligations.contract_id
        and pools.sku = obligations.sku
        and obligations.is_usage
group by pools.pool_id, obligations.obligation_id
