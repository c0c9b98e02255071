{{ config(enabled=var('recast_step', none) is not none) }}
-- The bridge as a statement: as reported, a column for each kind of cause, as recast, and what none of them explains, by entity,
-- account, stream and economic month. Debit positive, like every ledger here.
{%- set columns = [
    'reported', 'erp', 'late_evidence', 'not_posted', 'pattern', 'selling_price', 'product_mapping', 'record_entity',
] %}
with pivoted as (
    select
        entity_id,
        currency,
        account_code,
        account_name,
        account_type,
        statement_line,
        stream,
        period,
        {%- for column in columns %}
        cast(sum(case when cause_no = {{ loop.index0 }} then amount_minor else 0 end) as bigint) as {{ column }}_minor,
        {%- endfor %}
        cast(sum(case when cause_no = 99 then amount_minor else 0 end) as bigint) as recast_minor
    from {{ ref('recast_policy_bridge') }}
    group by entity_id, currency, account_code, account_name, account_type, statement_line, stream, period
)

select
    *,
    account_type in ('revenue', 'contra_revenue', 'expense', 'other_income') as is_result,
    recast_minor - ({{ columns | join('_minor + ') }}_minor) as unexplained_minor
from pivoted
