-- What each line is worth in the functional currency of its entity (830-10-55-10): at the rate of its day, but a receivable at
-- the rate of the day its invoice was booked, card money at what the processor settled, and revenue of a contract at what it
-- takes out of deferred revenue, which is not remeasured.
with lines as (
    select
        booked.*,
        entities.functional_currency,
        case
            when booked.account_code = '1100' then least(coalesce(bookings.booked_date, booked.entry_date), booked.entry_date)
            else booked.entry_date
        end as valued_date
    from {{ ref('booked_entries') }} as booked
    inner join {{ ref('entities') }} as entities
        on booked.entity_id = entities.entity_id
    left join {{ ref('invoice_bookings') }} as bookings
        on booked.invoice_id = bookings.invoice_id
),

settled as (
    select
        'stripe:charge:' || source_id as receipt_id,
        currency,
        sum(amount_minor) as settled_minor
    from {{ ref('processor_transactions') }}
    where type in ('charge', 'payment')
    group by source_id, currency
),

valued as (
    select
        lines.*,
        settled.settled_minor,
        case
            when lines.currency = lines.functional_currency then lines.amount_minor
            else {{ mul_div('lines.amount_minor', 'rates.numerator', 'rates.denominator') }}
        end as valued_minor
    from lines
    left join {{ ref('exchange_rates') }} as rates
        on
            lines.currency = rates.currency
            and lines.functional_currency = rates.functional_currency
            and lines.valued_date = rates.rate_date
    left join settled
        on
            lines.evidence_ref = settled.receipt_id
            and lines.functional_currency = settled.currency
            and lines.currency <> settled.currency
            and lines.entry_type = 'receipt_card'
            and lines.account_code = '1050'
)

select
    valued.entry_key,
    valued.line_no,
    valued.functional_currency,
    valued.valued_date,
    -- The processor converted it: what it owes is money of the functional currency.
    valued.settled_minor is not null as is_converted,
    cast(
        case
            when valued.settled_minor is not null then valued.settled_minor
            -- The other side of revenue is worth what it takes out of deferred revenue.
            when releases.amount_minor > 0
                then {{ mul_div('valued.amount_minor', 'releases.functional_minor', 'releases.amount_minor') }}
            when releases.amount_minor < 0
                then {{ mul_div('valued.amount_minor', '-releases.functional_minor', '-releases.amount_minor') }}
            else valued.valued_minor
        end as bigint
    ) as functional_minor
from valued
left join {{ ref('deferred_releases') }} as releases
    on valued.entry_key = releases.entry_key
