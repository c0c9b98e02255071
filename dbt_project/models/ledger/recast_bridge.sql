-- From as reported to as recast: what each month's books carry of each economic month, by cause, and what they do not
-- carry yet. Over posting months a row sums to the books as reported, over economic months to the ledger as recast; both in
-- the currency of the documents and in the entity's own.
with posted as (
    select
        entity_id,
        currency,
        account_code,
        period,
        posting_period,
        cause,
        functional_currency,
        sum(amount_minor) as amount_minor,
        sum(functional_minor) as functional_minor
    from {{ ref('posted_entry_lines') }}
    group by entity_id, currency, account_code, period, posting_period, cause, functional_currency
),

-- Entry by entry, so that a change of one entry is not hidden by the opposite change of another.
by_entry as (
    {%- for lines, sign in [('ledger_entry_lines', ''), ('posted_entry_lines', '-')] %}
    {{ 'union all' if not loop.first }}
    select
        entry_key,
        entry_type,
        entity_id,
        currency,
        account_code,
        period,
        functional_currency,
        {{ sign }}amount_minor as amount_minor,
        {{ sign }}functional_minor as functional_minor
    from {{ ref(lines) }}
    {%- endfor %}
),

open_entries as (
    select
        entry_key,
        case when entry_type = 'opening_difference' then 'opening difference' else 'not posted yet' end as cause,
        entity_id,
        currency,
        account_code,
        period,
        functional_currency,
        sum(amount_minor) as amount_minor,
        sum(functional_minor) as functional_minor
    from by_entry
    group by entry_key, entry_type, entity_id, currency, account_code, period, functional_currency
    having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
),

not_posted as (
    select
        entity_id,
        currency,
        account_code,
        period,
        cause,
        functional_currency,
        sum(amount_minor) as amount_minor,
        sum(abs(amount_minor)) as gross_minor,
        sum(functional_minor) as functional_minor
    from open_entries
    group by entity_id, currency, account_code, period, cause, functional_currency
)

select
    entity_id,
    currency,
    account_code,
    period,
    posting_period,
    cause,
    true as is_posted,
    cast(amount_minor as bigint) as amount_minor,
    cast(abs(amount_minor) as bigint) as gross_minor,
    functional_currency,
    cast(functional_minor as bigint) as functional_minor
from posted
union all
select
    entity_id,
    currency,
    account_code,
    period,
    cast(null as date) as posting_period,
    cause,
    false as is_posted,
    cast(amount_minor as bigint) as amount_minor,
    cast(gross_minor as bigint) as gross_minor,
    functional_currency,
    cast(functional_minor as bigint) as functional_minor
from not_posted
