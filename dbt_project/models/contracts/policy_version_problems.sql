-- What is wrong with the versions of the policies: rows that name what does not exist, periods that end before they begin, two
-- rows for the same thing on the same day, versions based on none or in a circle. A recast refuses to start on any of them.
{%- set seeds = {
    'product_policy_versions': ['entity_id', 'sku'],
    'selling_price_versions': ['entity_id', 'sku', 'currency'],
    'record_entity_policies': ['seller_entity_id', 'customer_country', 'currency'],
} %}
{%- set names = [
    ('product_policy_versions', 'policy_id', 'policies', 'policy_id'),
    ('product_policy_versions', 'entity_id', 'entities', 'entity_id'),
    ('product_policy_versions', 'sku', 'product_policies', 'sku'),
    ('product_policy_versions', 'revenue_account', 'accounts', 'account_code'),
    ('selling_price_versions', 'policy_id', 'policies', 'policy_id'),
    ('selling_price_versions', 'entity_id', 'entities', 'entity_id'),
    ('selling_price_versions', 'sku', 'product_policies', 'sku'),
    ('selling_price_versions', 'currency', 'currencies', 'currency'),
    ('record_entity_policies', 'policy_id', 'policies', 'policy_id'),
    ('record_entity_policies', 'seller_entity_id', 'entities', 'entity_id'),
    ('record_entity_policies', 'record_entity_id', 'entities', 'entity_id'),
    ('record_entity_policies', 'currency', 'currencies', 'currency'),
    ('policies', 'based_on', 'policies', 'policy_id'),
] %}
with versions as (
    {%- for seed, keys in seeds.items() %}
    {{ 'union all' if not loop.first }}
    select
        '{{ seed }}' as seed_name,
        policy_id || '/'
        {%- for key in keys %} || {{ key }} || {{ "'/'" if not loop.last else "''" }}{% endfor %} as row_key,
        effective_from,
        effective_to
    from {{ ref(seed) }}
    {%- endfor %}
),

numbered as (
    select
        *,
        row_number() over (partition by seed_name, row_key order by effective_from, effective_to) as row_no
    from versions
),

roots as (
    select
        policy_id,
        policy_id as root_id
    from {{ ref('policies') }}
    where based_on is null
),
{% for step in [1, 2, 3, 4] %}
depth_{{ step }} as (
    select policies.policy_id
    from {{ ref('policies') }} as policies
    inner join {{ 'roots' if loop.first else 'depth_' ~ (step - 1) }} as based
        on policies.based_on = based.policy_id
){{ ',' }}
{% endfor %}
reached as (
    select policy_id from roots
    {%- for step in [1, 2, 3, 4] %}
    union
    select policy_id from depth_{{ step }}
    {%- endfor %}
)
{% for seed, column, target, target_column in names %}
select distinct
    '{{ seed }}' as seed_name,
    cast(named.policy_id as varchar) as row_key,
    '{{ column }} ' || cast(named.{{ column }} as varchar) || ' is not in {{ target }}' as problem
from {{ ref(seed) }} as named
left join {{ ref(target) }} as known
    on cast(named.{{ column }} as varchar) = cast(known.{{ target_column }} as varchar)
where (named.{{ column }} <> '*' or '{{ column }}' = 'record_entity_id') and known.{{ target_column }} is null
union all
{%- endfor %}
select
    seed_name,
    row_key,
    'ends on ' || cast(effective_to as varchar) || ', before it begins' as problem
from versions
where effective_to <= effective_from
union all
select
    earlier.seed_name,
    earlier.row_key,
    'two rows hold on ' || cast(later.effective_from as varchar) as problem
from numbered as earlier
inner join numbered as later
    on
        earlier.seed_name = later.seed_name
        and earlier.row_key = later.row_key
        and earlier.row_no < later.row_no
        and (earlier.effective_to is null or earlier.effective_to > later.effective_from)
union all
select
    'policies' as seed_name,
    policies.policy_id as row_key,
    'is based on itself, or on more than four others' as problem
from {{ ref('policies') }} as policies
left join reached
    on policies.policy_id = reached.policy_id
where reached.policy_id is null and policies.based_on in (select known.policy_id from {{ ref('policies') }} as known)
