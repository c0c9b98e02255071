-- One amount a hop for each contract and month of service: ordered, contracted, rated, invoiced, owed, applied, deposited,
-- posted. Hops come from the domain tables, explanations from the rec rows; `unexplained_minor` is what no exception explains.
{%- set taken = ['credit_notes', 'disputes_lost', 'applied', 'card_fees', 'deposited', 'posted', 'invoices_unposted'] %}
{%- set ordered = [
    'held', 'held_explained', 'contracted', 'contracted_carried', 'used', 'used_carried', 'invoiced', 'invoiced_carried',
    'credits_applied', 'tax', 'unlined',
] %}
with gaps as (
    select
        contract_id,
        period,
        {%- for hop in taken %}
        sum(case when hop = '{{ hop }}' then gap_minor else 0 end) as {{ hop }}_gap_minor,
        sum(case when hop = '{{ hop }}' then explained_minor else 0 end) as {{ hop }}_explained_minor,
        {%- endfor %}
        sum(abs(unexplained_minor)) as unexplained_minor
    from {{ ref('chain_shares') }}
    group by contract_id, period
),

joined as (
    select
        coalesce(orders.contract_id, gaps.contract_id) as contract_id,
        coalesce(orders.period, gaps.period) as period,
        {%- for amount in ordered %}
        coalesce(orders.{{ amount }}_minor, 0) as {{ amount }}_minor,
        {%- endfor %}
        {%- for hop in taken %}
        coalesce(gaps.{{ hop }}_gap_minor, 0) as {{ hop }}_gap_minor,
        coalesce(gaps.{{ hop }}_explained_minor, 0) as {{ hop }}_explained_minor,
        {%- endfor %}
        coalesce(gaps.unexplained_minor, 0) as gap_unexplained_minor
    from {{ ref('chain_orders') }} as orders
    full outer join gaps
        on
            orders.contract_id = gaps.contract_id
            and orders.period = gaps.period
),

-- From what lines bill to what customers owe.
owed as (
    select
        *,
        invoiced_minor - credits_applied_minor + tax_minor + unlined_minor
        - credit_notes_gap_minor - disputes_lost_gap_minor as owed_minor
    from joined
)

select
    owed.contract_id,
    owed.period,
    coalesce(contracts.entity_id, nullif(split_part(owed.contract_id, ':', 2), '')) as entity_id,
    contracts.customer_id,
    coalesce(contracts.currency, nullif(split_part(owed.contract_id, ':', 3), '')) as currency,
    cast(contracted_minor + held_minor as bigint) as ordered_minor,
    cast(contracted_minor as bigint) as contracted_minor,
    cast(contracted_minor + used_minor as bigint) as rated_minor,
    cast(invoiced_minor as bigint) as invoiced_minor,
    cast(owed_minor as bigint) as owed_minor,
    cast(owed_minor - applied_gap_minor as bigint) as applied_minor,
    cast(owed_minor - applied_gap_minor - card_fees_gap_minor - deposited_gap_minor as bigint) as deposited_minor,
    cast(
        owed_minor - applied_gap_minor - card_fees_gap_minor - deposited_gap_minor - posted_gap_minor as bigint
    ) as posted_minor,
    cast(held_explained_minor as bigint) as evidence_explained_minor,
    cast(used_carried_minor as bigint) as usage_explained_minor,
    cast(contracted_carried_minor + used_carried_minor - invoiced_carried_minor as bigint) as billing_explained_minor,
    cast(credits_applied_minor as bigint) as credits_applied_minor,
    cast(tax_minor as bigint) as tax_minor,
    cast(unlined_minor as bigint) as unlined_minor,
    cast(credit_notes_explained_minor as bigint) as credit_notes_minor,
    cast(disputes_lost_explained_minor as bigint) as disputes_lost_minor,
    cast(applied_explained_minor as bigint) as cash_explained_minor,
    cast(card_fees_explained_minor as bigint) as card_fees_minor,
    cast(deposited_explained_minor as bigint) as payout_explained_minor,
    cast(posted_explained_minor as bigint) as gl_explained_minor,
    cast(invoices_unposted_gap_minor as bigint) as invoices_unposted_minor,
    cast(
        abs(held_minor - held_explained_minor)
        + abs(contracted_minor - contracted_carried_minor)
        + abs(used_minor - used_carried_minor)
        + abs(invoiced_minor - invoiced_carried_minor)
        + gap_unexplained_minor as bigint
    ) as unexplained_minor
from owed
left join {{ ref('contracts') }} as contracts
    on owed.contract_id = contracts.contract_id
