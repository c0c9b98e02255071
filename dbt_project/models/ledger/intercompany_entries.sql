-- Lines of the entries of intercompany pairs. Capacity: the entity that sells owes the one that supplies it a share of the
-- revenue it recognises, in the currency of the contract, rounded once on what was recognised to date under the agreement; a
-- pair is an obligation and measured interval. Receipts: the entity whose invoice was paid into another entity's account is owed
-- the money; the other entity's side is in its bank entry. `amount_minor` is debit positive.
with supplied as (
    select
        schedule.obligation_id,
        schedule.contract_id,
        schedule.customer_id,
        schedule.currency,
        schedule.measured_to,
        agreements.selling_entity_id,
        agreements.supplying_entity_id,
        agreements.effective_from,
        agreements.transfer_bps,
        sum(schedule.net_revenue_minor) over (
            partition by schedule.obligation_id, agreements.effective_from order by schedule.measured_to
        ) as recognised_to_date_minor
    from {{ ref('revenue_schedule') }} as schedule
    inner join {{ ref('intercompany_agreements') }} as agreements
        on
            schedule.entity_id = agreements.selling_entity_id
            and schedule.sku = agreements.sku
            and schedule.period >= agreements.effective_from
            and coalesce(schedule.period < agreements.effective_to, true)
    where schedule.is_actual
),

owed as (
    select
        *,
        {{ mul_div('recognised_to_date_minor', 'transfer_bps', '10000') }} as owed_to_date_minor
    from supplied
),

pairs as (
    select
        *,
        'intercompany:' || obligation_id || ':' || cast(measured_to as varchar) as pair_id,
        owed_to_date_minor - coalesce(
            lag(owed_to_date_minor) over (partition by obligation_id, effective_from order by measured_to), 0
        ) as transfer_minor
    from owed
),

lines as (
    {%- for role, entity, counterparty, account, sign in [
        ('seller', 'selling', 'supplying', '5900', ''), ('seller', 'selling', 'supplying', '1900', '-'),
        ('supplier', 'supplying', 'selling', '1900', ''), ('supplier', 'supplying', 'selling', '4990', '-'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        pairs.* {{ without_columns(['transfer_minor']) }},
        '{{ role }}' as role,
        {{ entity }}_entity_id as entity_id,
        {{ counterparty }}_entity_id as counterparty_entity_id,
        '{{ account }}' as account_code,
        {{ sign }}transfer_minor as amount_minor
    from pairs
    {%- endfor %}
),

misdirected as (
    select
        applications.*,
        invoices.customer_id,
        'intercompany_receipt:' || applications.receipt_id || ':' || applications.invoice_id as pair_id
    from {{ ref('cash_applications') }} as applications
    inner join {{ ref('invoices') }} as invoices
        on applications.invoice_id = invoices.invoice_id
    where applications.entity_id <> applications.receiving_entity_id
)

select
    pair_id || ':' || role as entry_key,
    pair_id,
    role,
    'intercompany' as entry_type,
    'capacity supplied by ' || supplying_entity_id || ' to ' || selling_entity_id || ' at '
    || cast(transfer_bps as varchar) || ' basis points of revenue to date' as rule,
    entity_id,
    counterparty_entity_id,
    {{ add_days('measured_to', -1) }} as entry_date,
    currency,
    account_code,
    obligation_id,
    contract_id,
    customer_id,
    cast(null as varchar) as invoice_id,
    'salesforce:order_item:' || obligation_id as evidence_ref,
    cast(amount_minor as bigint) as amount_minor
from lines
where amount_minor <> 0
{%- for account, sign in [('1900', ''), ('1100', '-')] %}
union all
select
    pair_id || ':seller' as entry_key,
    pair_id,
    'seller' as role,
    'intercompany_receipt' as entry_type,
    'receipt of its customer in the account of ' || receiving_entity_id as rule,
    entity_id,
    receiving_entity_id as counterparty_entity_id,
    applied_date as entry_date,
    currency,
    '{{ account }}' as account_code,
    null as obligation_id,
    null as contract_id,
    customer_id,
    invoice_id,
    receipt_id as evidence_ref,
    {{ sign }}applied_minor as amount_minor
from misdirected
{%- endfor %}
