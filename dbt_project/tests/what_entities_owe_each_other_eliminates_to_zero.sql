{{ config(meta={'dagster': {'ref': {'name': 'account_movements'}}}) }}
-- Identity 6: in the currency of its documents, what the entities of the group booked with each other sums to nothing by the
-- end of each month, as computed and as posted. What exchange rates make of it is part of the translation adjustment. An ERP that
-- carried one side at go-live leaves it as an opening difference, which is listed until somebody releases it.
select
    movements.basis,
    movements.currency,
    movements.period,
    sum(movements.amount_minor) as difference_minor
from {{ ref('account_movements') }} as movements
inner join {{ ref('accounts') }} as accounts
    on movements.account_code = accounts.account_code
where accounts.is_intercompany and movements.entry_type <> 'opening_difference'
group by movements.basis, movements.currency, movements.period
having sum(movements.amount_minor) <> 0
