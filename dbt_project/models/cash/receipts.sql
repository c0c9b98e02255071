with customers as (
    select
        system,
        external_id,
        customer_id
    from {{ ref('customer_crosswalk') }}
),

card as (
    select
        'stripe:charge:' || charges.charge_id as receipt_id,
        'card' as kind,
        charges.entity_id,
        customers.customer_id,
        charges.currency,
        charges.charged_date as received_date,
        sum(charges.amount_minor) as amount_minor,
        charges.charge_id as reference_text,
        cast(null as varchar) as payer_name
    from {{ ref('card_charges') }} as charges
    left join customers
        on
            charges.stripe_customer_id = customers.external_id
            and customers.system = 'stripe'
    group by charges.charge_id, charges.entity_id, customers.customer_id, charges.currency, charges.charged_date
),

-- The payer of a wire is whom its first named invoice was issued to; failing that, the account of that name.
first_named as (
    select
        receipt_id,
        customer_id
    from {{ ref('named_invoices') }}
    where position = 1
),

wires as (
    select
        transactions.bank_transaction_ref as receipt_id,
        'bank' as kind,
        transactions.entity_id,
        coalesce(first_named.customer_id, customers.customer_id) as customer_id,
        transactions.currency,
        transactions.booked_date as received_date,
        transactions.amount_minor,
        transactions.reference_text,
        transactions.payer_name
    from {{ ref('bank_transactions') }} as transactions
    left join first_named on transactions.bank_transaction_ref = first_named.receipt_id
    left join customers
        on
            upper(trim(transactions.payer_name)) = customers.external_id
            and customers.system = 'bank'
    where transactions.kind = 'customer_receipt'
)

select * from card
union all
select * from wires
