-- Each gap of a document, shared over the invoice lines it belongs to by what they weigh, leftover units to the largest.
-- A gap that no line owns (an unidentified receipt, a deposit without a payout) stays with its entity and currency.
with owned as (
    select
        gaps.hop,
        gaps.group_key,
        coalesce(members.chain_line_id, gaps.group_key) as chain_line_id,
        coalesce(lines.contract_id, 'none:' || gaps.entity_id || ':' || gaps.currency) as contract_id,
        coalesce(lines.entity_id, gaps.entity_id) as entity_id,
        coalesce(lines.currency, gaps.currency) as currency,
        coalesce(lines.period, gaps.period) as period,
        gaps.gap_minor,
        gaps.unexplained_minor as group_unexplained_minor,
        coalesce(members.line_weight, 1) as line_weight
    from {{ ref('chain_gaps') }} as gaps
    left join {{ ref('chain_members') }} as members
        on gaps.hop = members.hop and gaps.group_key = members.group_key
    left join {{ ref('chain_lines') }} as lines
        on members.chain_line_id = lines.chain_line_id
    where gaps.gap_minor <> 0 or gaps.unexplained_minor <> 0
),

shared as (
    {{ largest_remainder('owned', ['hop', 'group_key'], ['chain_line_id'], 'gap_minor', 'line_weight') }}
),

gap_shares as (
    select hop, group_key, chain_line_id, contract_id, entity_id, currency, period,
        group_unexplained_minor, line_weight, part_minor as gap_share_minor
    from shared
),

shared_again as (
    {{ largest_remainder('gap_shares', ['hop', 'group_key'], ['chain_line_id'], 'group_unexplained_minor', 'line_weight') }}
)

select
    hop,
    group_key,
    chain_line_id,
    contract_id,
    entity_id,
    currency,
    period,
    cast(gap_share_minor as bigint) as gap_minor,
    cast(gap_share_minor - part_minor as bigint) as explained_minor,
    cast(part_minor as bigint) as unexplained_minor
from shared_again
