-- Which SKUs a credit grant may pay for, where it does not pay for all: its prices, by product.
with granted as (
    select
        credit_grant_id,
        {{ each_element('scope_prices') }} as price
    from {{ ref('stg_stripe__credit_grants') }}
    where not is_deleted and scope_prices is not null
),

skus as (
    select distinct
        granted.credit_grant_id,
        products.sku
    from granted
    inner join {{ ref('stg_stripe__prices') }} as prices
        on granted.price.id = prices.price_id
    inner join {{ ref('stg_stripe__products') }} as products
        on prices.product_id = products.product_id
)

select
    credit_grant_id,
    {{ dbt.listagg("sku", "'|'", "order by sku") }} as skus
from skus
group by credit_grant_id
