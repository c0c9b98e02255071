-- What each intercompany pair leaves when the entities are added up, read from the ledger's own lines: the balance between the
-- two entities, and the revenue of one against the cost of the other. A line on an intercompany account that no pair knows is
-- a pair of its own, which cannot be zero.
with sides as (
    select distinct entry_key, invoice_id, pair_id, role, counterparty_entity_id, entry_type
    from {{ ref('intercompany_entries') }}
    union all
    -- Of a receipt in another entity's account, the bank entry is the other side.
    select
        'receipt_bank:' || receipt_id as entry_key,
        invoice_id,
        'intercompany_receipt:' || receipt_id || ':' || invoice_id as pair_id,
        'supplier' as role,
        entity_id as counterparty_entity_id,
        'intercompany_receipt' as entry_type
    from {{ ref('cash_applications') }}
    where entity_id <> receiving_entity_id
),

lines as (
    select
        coalesce(sides.pair_id, lines.entry_key) as pair_id,
        coalesce(sides.role, 'seller') as role,
        sides.counterparty_entity_id,
        lines.entity_id,
        coalesce(sides.entry_type, lines.entry_type) as entry_type,
        lines.period,
        lines.currency,
        case when accounts.account_type = 'asset' then 'balance' else 'result' end as eliminated,
        lines.amount_minor
    from {{ ref('ledger_entry_lines') }} as lines
    inner join {{ ref('accounts') }} as accounts
        on lines.account_code = accounts.account_code
    left join sides
        on
            lines.entry_key = sides.entry_key
            and coalesce(lines.invoice_id, '') = coalesce(sides.invoice_id, '')
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
