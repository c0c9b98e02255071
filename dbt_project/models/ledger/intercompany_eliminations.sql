-- What each intercompany pair leaves when the entities are added up, read from the ledger's own lines: the balance between the
-- two entities, and the revenue of one against the cost of the other. A line on an intercompany account that no pair knows is
-- a pair of its own, which cannot be zero.
with pairs as (
    select
        entry_key,
        max(pair_id) as pair_id,
        max(role) as role,
        max(counterparty_entity_id) as counterparty_entity_id
    from {{ ref('intercompany_entries') }}
    group by entry_key
),

lines as (
    select
        coalesce(pairs.pair_id, lines.entry_key) as pair_id,
        coalesce(pairs.role, 'seller') as role,
        pairs.counterparty_entity_id,
        lines.entity_id,
        lines.entry_type,
        lines.period,
        lines.currency,
        case when accounts.account_type = 'asset' then 'balance' else 'result' end as eliminated,
        lines.amount_minor
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('accounts') }} as accounts
        on lines.account_code = accounts.account_code
    left join pairs
        on lines.entry_key = pairs.entry_key
    -- Remeasurement moves a balance in functional currency only: its result is the entity's own and stays.
    where accounts.is_intercompany and lines.amount_minor <> 0
)

select
    pair_id,
    eliminated,
    period,
    currency,
    max(entry_type) as entry_type,
    coalesce(
        max(case when role = 'seller' then entity_id end), max(case when role = 'supplier' then counterparty_entity_id end)
    ) as selling_entity_id,
    coalesce(
        max(case when role = 'supplier' then entity_id end), max(case when role = 'seller' then counterparty_entity_id end)
    ) as supplying_entity_id,
    cast(sum(case when role = 'seller' then amount_minor else 0 end) as bigint) as seller_minor,
    cast(sum(case when role = 'supplier' then amount_minor else 0 end) as bigint) as supplier_minor,
    cast(sum(amount_minor) as bigint) as difference_minor
from lines
group by pair_id, eliminated, period, currency
