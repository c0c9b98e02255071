-- Contracts with one customer that were negotiated together and signed within the window are one for steps 2 to 4
-- (606-10-25-9), and so is who was negotiated with one of them. `combined_id` is the first of their ids.
with agreed as (
    select * from {{ ref('stg_salesforce__contracts') }}
    where not is_deleted
),

signed as (
    select contract_id, min(cast(activated_at as date)) as signed_date
    from {{ ref('stg_salesforce__orders') }}
    where not is_deleted and status = 'Activated'
    group by contract_id
),

pairs as (
    select
        agreed.contract_id,
        other.contract_id as other_id
    from agreed
    inner join agreed as other
        on
            agreed.account_id = other.account_id
            and agreed.entity_id = other.entity_id
            and agreed.currency = other.currency
            and agreed.contract_id <> other.contract_id
            and (
                ';' || agreed.negotiated_with || ';' like '%;' || other.contract_id || ';%'
                or ';' || other.negotiated_with || ';' like '%;' || agreed.contract_id || ';%'
            )
    inner join signed on agreed.contract_id = signed.contract_id
    inner join signed as other_signed on other.contract_id = other_signed.contract_id
    where abs({{ days_between('signed.signed_date', 'other_signed.signed_date') }}) <= {{ var('combination_window_days') }}
),

reached_0 as (
    select contract_id, other_id from pairs
    union
    select contract_id, contract_id as other_id from pairs
),
{# Who was negotiated with a partner's partner belongs to the group: each step doubles how far that reaches. -#}
{% for step in [1, 2, 3, 4] %}
reached_{{ step }} as (
    select distinct
        near.contract_id,
        far.other_id
    from reached_{{ step - 1 }} as near
    inner join reached_{{ step - 1 }} as far
        on near.other_id = far.contract_id
){{ ',' if not loop.last }}
{% endfor %}
select
    contract_id,
    min(other_id) as combined_id,
    count(*) - 1 as partner_count
from reached_4
group by contract_id
