select
    cast(entry_key as varchar) as entry_key,
    cast(evidence_ref as varchar) as evidence_ref
from {{ ref('entry_evidence') }}
