-- Postings of an intercompany side that the ERP lacks while it carries the other side: what the two entities owe each other
-- does not eliminate there. The other side is what another entity posts to an intercompany account in the month and currency.
with postings as (
    select
        posting_key,
        entity_id,
        period,
        currency,
        split_part(posting_key, '|', 3) in ('intercompany', 'intercompany_receipt') as is_pair
    from {{ ref('gl_postings') }}
    where
        side = 'subledger'
        and account_code in (select account_code from {{ ref('accounts') }} where is_intercompany)
    group by posting_key, entity_id, period, currency
),

carried as (
    select distinct posting_key
    from {{ ref('gl_postings') }}
    where side = 'gl' and posting_key is not null
)

select postings.posting_key
from postings
inner join postings as others
    on
        postings.period = others.period
        and postings.currency = others.currency
        and postings.entity_id <> others.entity_id
where
    postings.is_pair
    and postings.posting_key not in (select posting_key from carried)
    and others.posting_key in (select posting_key from carried)
group by postings.posting_key
