-- What moved on each account in a month by kind of entry, twice: as the ledger computes it by economic month (as recast), and
-- as closes posted it by the month whose books carry it (as reported). What belongs to the time before an entity joined the
-- group stands apart.
with reported as (
    select
        posted.*,
        entities.functional_currency as own_currency,
        -- Books that open with a balance take over what happened on the day it happened.
        case
            when posted.period = posted.posting_period or posted.cause = 'opening balance' then posted.entry_date
            else posted.posting_period
        end as counted_date
    from {{ ref('posted_entry_lines') }} as posted
    inner join {{ ref('entities') }} as entities
        on posted.entity_id = entities.entity_id
),

-- An opening difference has no functional amount of its own: its sides are translated so that they still balance.
running as (
    select
        *,
        sum(amount_minor) over (partition by batch_id, entry_key, cause order by line_no) as running_minor
    from reported
    where functional_minor is null and currency <> own_currency
),

translated as (
    select
        running.batch_id,
        running.entry_key,
        running.line_no,
        {{ mul_div('cast(running.running_minor as bigint)', 'rates.numerator', 'rates.denominator') }}
        - {{ mul_div('cast(running.running_minor - running.amount_minor as bigint)', 'rates.numerator', 'rates.denominator') }}
            as functional_minor
    from running
    inner join {{ ref('exchange_rates') }} as rates
        on
            running.currency = rates.currency
            and running.own_currency = rates.functional_currency
            and running.entry_date = rates.rate_date
),

lines as (
    select
        'as_recast' as basis,
        entity_id,
        account_code,
        currency,
        functional_currency,
        period,
        entry_date as counted_date,
        entry_type,
        debit_minor,
        credit_minor,
        amount_minor,
        functional_minor
    from {{ ref('ledger_entry_lines') }}
    union all
    select
        'as_reported' as basis,
        reported.entity_id,
        reported.account_code,
        reported.currency,
        reported.own_currency as functional_currency,
        reported.posting_period as period,
        coalesce(reported.counted_date, reported.posting_period) as counted_date,
        reported.entry_type,
        reported.debit_minor,
        reported.credit_minor,
        reported.amount_minor,
        case
            when reported.functional_minor is not null then reported.functional_minor
            when reported.currency = reported.own_currency then reported.amount_minor
            else translated.functional_minor
        end as functional_minor
    from reported
    left join translated
        on
            reported.batch_id = translated.batch_id
            and reported.entry_key = translated.entry_key
            and reported.line_no = translated.line_no
)

select
    lines.basis,
    lines.entity_id,
    lines.account_code,
    lines.currency,
    lines.functional_currency,
    lines.period,
    -- The month whose average rate translates it.
    case when lines.basis = 'as_recast' then lines.period else {{ month_start('lines.counted_date') }} end as counted_period,
    lines.counted_date < coalesce(entities.joined_on, lines.counted_date) as is_before_joining,
    lines.entry_type,
    coalesce(own.movement, usual.movement) as movement,
    coalesce(own.movement_order, usual.movement_order) as movement_order,
    cast(sum(lines.debit_minor) as bigint) as debit_minor,
    cast(sum(lines.credit_minor) as bigint) as credit_minor,
    cast(sum(lines.amount_minor) as bigint) as amount_minor,
    -- Unknown as soon as one part of it has no rate.
    cast(case when count(*) = count(lines.functional_minor) then sum(lines.functional_minor) end as bigint) as functional_minor,
    cast(count(*) as bigint) as line_count
from lines
inner join {{ ref('entities') }} as entities
    on lines.entity_id = entities.entity_id
left join {{ ref('entry_movements') }} as own
    on
        lines.entry_type = own.entry_type
        and lines.account_code = own.account_code
left join {{ ref('entry_movements') }} as usual
    on
        lines.entry_type = usual.entry_type
        and usual.account_code = '*'
group by
    lines.basis,
    lines.entity_id,
    lines.account_code,
    lines.currency,
    lines.functional_currency,
    lines.period,
    case when lines.basis = 'as_recast' then lines.period else {{ month_start('lines.counted_date') }} end,
    lines.counted_date < coalesce(entities.joined_on, lines.counted_date),
    lines.entry_type,
    coalesce(own.movement, usual.movement),
    coalesce(own.movement_order, usual.movement_order)
