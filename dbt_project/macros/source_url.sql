{#- The page on which a reference's record can be seen at its source; null where the source has no pages. -#}
{% macro source_url(ref) -%}
    case
        when {{ ref }} like 'salesforce:order%' or {{ ref }} like 'salesforce:contract:%'
            then '{{ var("salesforce_url", "https://login.salesforce.com") }}/' || split_part({{ ref }}, ':', 3)
        {%- for kind, path in {
            'invoice': 'invoices', 'charge': 'payments', 'payout': 'payouts', 'customer': 'customers',
        }.items() %}
        when {{ ref }} like 'stripe:{{ kind }}:%'
            then 'https://dashboard.stripe.com/{{ path }}/' || split_part({{ ref }}, ':', 3)
        {%- endfor %}
    end
{%- endmacro %}
