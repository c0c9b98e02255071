-- What each month's books carry, in the currency of the document and of the entity: as posted where the month is sealed; for
-- what is not posted yet, the month that a close would post it in, which is its own month or the first one still open.
-- What a go-live posted at once belongs to its own months. Debit positive.
{%- set item = ['entity_id', 'account_code', 'stream', 'customer_id', 'contract_id', 'obligation_id', 'currency'] %}
with posted as (
    select
        lines.*,
        entities.functional_currency as books_currency,
        case
            when lines.posting_period = min(lines.posting_period) over () then lines.period
            else lines.posting_period
        end as carried_period
    from {{ ref('posted_entry_lines') }} as lines
    inner join {{ ref('entities') }} as entities
        on lines.entity_id = entities.entity_id
),

sealed as (
    select
        *,
        -- Books posted before functional amounts were kept carry them only where both currencies are the same.
        coalesce(functional_minor, case when currency = books_currency then amount_minor else 0 end) as valued_minor
    from posted
),

books as (
    select {{ add_months('max(posting_period)', 1) }} as open_period
    from sealed
),

by_item as (
    select
        {{ item | join(', ') }},
        period,
        amount_minor,
        functional_minor
    from {{ ref('ledger_entry_lines') }}
    union all
    select
        {{ item | join(', ') }},
        period,
        -amount_minor as amount_minor,
        -valued_minor as functional_minor
    from sealed
    -- The difference of a go-live stays in the books until it is released.
    where entry_type <> 'opening_difference'
),

not_posted as (
    select
        {{ item | join(', ') }},
        period,
        sum(amount_minor) as amount_minor,
        sum(functional_minor) as functional_minor
    from by_item
    group by {{ item | join(', ') }}, period
    having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
),

carried as (
    select
        {{ item | join(', ') }},
        carried_period as period,
        period as economic_period,
        'as reported' as basis,
        amount_minor,
        valued_minor as functional_minor
    from sealed
    union all
    select
        {{ item | join(', ') }},
        greatest(not_posted.period, coalesce(books.open_period, not_posted.period)) as period,
        not_posted.period as economic_period,
        'computed' as basis,
        not_posted.amount_minor,
        not_posted.functional_minor
    from not_posted
    cross join books
)

select
    {{ item | join(', ') }},
    period,
    economic_period,
    basis,
    cast(sum(amount_minor) as bigint) as amount_minor,
    cast(sum(functional_minor) as bigint) as functional_minor
from carried
group by {{ item | join(', ') }}, period, economic_period, basis
