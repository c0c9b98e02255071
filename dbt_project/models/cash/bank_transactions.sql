-- What each bank line is. A processor line names its payout by id or by trace id; naming none that exists, or several,
-- leaves the payout empty, never the line out.
with transactions as (
    select
        lines.*,
        accounts.entity_id,
        coalesce(lines.remittance_text, '') || ' ' || coalesce(lines.customer_reference, '') as reference_text
    from {{ ref('stg_bank__transactions') }} as lines
    left join {{ ref('bank_accounts') }} as accounts using (bank_account_id)
),

spoken as (
    select
        bank_transaction_ref,
        entity_id,
        {{ words('reference_text') }} as words
    from transactions
),

said as (
    select
        bank_transaction_ref,
        entity_id,
        {{ each_element('words') }} as word
    from spoken
),

named_payouts as (
    select
        said.bank_transaction_ref,
        case when count(distinct payouts.payout_id) = 1 then min(payouts.payout_id) end as payout_id,
        count(distinct payouts.payout_id) as payout_count
    from said
    inner join {{ ref('payouts') }} as payouts
        on
            said.entity_id = payouts.entity_id
            and (said.word = payouts.payout_id or said.word = payouts.trace_id)
    group by said.bank_transaction_ref
)

select
    transactions.bank_transaction_ref,
    transactions.entity_id,
    transactions.bank_account_id,
    transactions.booked_date,
    transactions.amount_minor,
    transactions.currency,
    case
        when named_payouts.payout_count > 0 then 'processor_payout'
        when upper(transactions.reference_text) like '%STRIPE%' or upper(transactions.payer_name) like '%STRIPE%'
            then 'processor_payout'
        when upper(transactions.reference_text) like '%SWEEP%' then 'sweep'
        when transactions.amount_minor > 0 then 'customer_receipt'
        else 'other'
    end as kind,
    named_payouts.payout_id,
    cast(coalesce(named_payouts.payout_count, 0) as integer) as payout_count,
    transactions.bank_reference,
    trim(transactions.reference_text) as reference_text,
    transactions.payer_name
from transactions
left join named_payouts using (bank_transaction_ref)
