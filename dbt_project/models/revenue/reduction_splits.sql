-- What was taken back from a customer, split pro rata: the part of it that had been recognised, and the part still deferred.
-- What is collected after a write-off restores what the write-off took.
with splits as (
    select
        reductions.price_reduction_id,
        reductions.kind,
        reductions.restores_id,
        reductions.obligation_id,
        reductions.reduction_date,
        reductions.amount_minor,
        -- An agent's revenue is what the supplier does not get.
        {{ mul_div(
            'reductions.amount_minor',
            wide('coalesce(progress.progress_part, 0)') ~ ' * (10000 - obligations.supplier_share_bps)',
            wide('coalesce(progress.progress_whole, 1)') ~ ' * 10000'
        ) }} as recognised_minor
    from {{ ref('price_reductions') }} as reductions
    inner join {{ ref('obligations') }} as obligations
        on reductions.obligation_id = obligations.obligation_id
    left join {{ ref('obligation_progress') }} as progress
        on
            reductions.obligation_id = progress.obligation_id
            and reductions.reduction_date = progress.measured_to
    where not reductions.is_suspense
),

restored as (
    select
        splits.*,
        coalesce(
            {{ mul_div('taken.recognised_minor', 'splits.amount_minor', 'taken.amount_minor') }}, splits.recognised_minor
        ) as split_minor
    from splits
    left join splits as taken
        on splits.restores_id = taken.price_reduction_id
)

select
    price_reduction_id,
    kind,
    obligation_id,
    reduction_date,
    amount_minor,
    cast(split_minor as bigint) as recognised_minor,
    cast(amount_minor - split_minor as bigint) as deferred_minor
from restored
