-- Every balance month by month: opening + movements = closing, the movements by what made them; a month without any has one row.
-- Opening and closing are those of the month, the same beside each movement of it.
with spans as (
    select
        basis,
        books,
        case
            when basis = 'as_recast' and books <> 'presentation' then {{ month_start(add_days(as_of_date(), -1)) }}
            else max(period)
        end as last_period
    from {{ ref('balance_movements') }}
    group by basis, books
),

months as (
    select
        moved.basis,
        moved.books,
        moved.entity_id,
        moved.account_code,
        moved.currency,
        {{ each_month('min(moved.period)', 'max(spans.last_period)') }} as period
    from {{ ref('balance_movements') }} as moved
    inner join spans
        on
            moved.basis = spans.basis
            and moved.books = spans.books
    group by moved.basis, moved.books, moved.entity_id, moved.account_code, moved.currency
),

listed as (
    select
        months.*,
        coalesce(moved.movement, 'none') as movement,
        coalesce(moved.movement_order, 0) as movement_order,
        coalesce(moved.amount_minor, 0) as amount_minor
    from months
    left join {{ ref('balance_movements') }} as moved
        on
            months.basis = moved.basis
            and months.books = moved.books
            and months.entity_id = moved.entity_id
            and months.account_code = moved.account_code
            and months.currency = moved.currency
            and months.period = moved.period
            and moved.amount_minor <> 0
)

select
    basis,
    books,
    entity_id,
    account_code,
    currency,
    period,
    movement,
    movement_order,
    cast(sum(amount_minor) over by_month - sum(amount_minor) over in_month as bigint) as opening_minor,
    cast(amount_minor as bigint) as amount_minor,
    cast(sum(amount_minor) over by_month as bigint) as closing_minor
from listed
window
    by_month as (partition by basis, books, entity_id, account_code, currency order by period),
    in_month as (partition by basis, books, entity_id, account_code, currency, period)
