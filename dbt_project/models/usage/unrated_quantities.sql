-- Usage of a promise that its rate card does not price: beyond the last tier, or from where its tiers stop touching.
-- It earns nothing until the card is completed; the quantity is kept here.
with months as (
    select
        obligation_id,
        period,
        contract_id,
        entity_id,
        customer_id,
        currency,
        sku,
        sum(quantity) as quantity
    from {{ ref('rated_days') }}
    group by all
),

cards as (
    select
        obligation_id,
        max(card_end_millionths) as card_end_millionths
    from {{ ref('rate_cards') }}
    group by obligation_id
),

priced as (
    select
        months.*,
        least({{ millionths('months.quantity') }}, coalesce(cards.card_end_millionths, 0)) as priced_millionths
    from months
    left join cards using (obligation_id)
)

select
    obligation_id,
    period,
    contract_id,
    entity_id,
    customer_id,
    currency,
    sku,
    cast(quantity as decimal(18, 6)) as quantity,
    cast(
        quantity - cast(priced_millionths as decimal(19, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    ) as unrated_quantity
from priced
where {{ millionths('quantity') }} > priced_millionths
