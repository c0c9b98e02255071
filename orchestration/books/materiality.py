"""Amounts of earlier periods that a close would post, and the approval they need above a threshold.

Belongs here: the measure (effect on profit and loss, by entity, currency, month and cause), thresholds and
approvals. Does not belong: the statistical or legal judgement behind a threshold, which is policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from orchestration.books import causes
from orchestration.books.lines import quoted
from orchestration.books.store import BooksError


class ApprovalNeededError(BooksError):
    """Prior-period amounts exceed the threshold and nobody else has approved them."""


@dataclass(frozen=True)
class PriorPeriodAmount:
    """What one cause changes of one earlier month. ``result_minor`` is profit positive."""

    entity_id: str
    currency: str
    period: str
    cause: str
    result_minor: int
    gross_minor: int
    lines: int


@dataclass(frozen=True)
class Approval:
    """Somebody other than the preparer accepts prior-period amounts up to a figure."""

    entity_id: str
    currency: str
    amount_minor: int
    approved_by: str
    note: str


@dataclass(frozen=True)
class Materiality:
    """Thresholds on Σ |result| of earlier periods, by entity and currency; None: always approve."""

    default_minor: int | None = None
    by_entity: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def threshold(self, entity_id: str, currency: str) -> int | None:
        return self.by_entity.get((entity_id, currency), self.default_minor)


def prior_period_amounts(
    con: duckdb.DuckDBPyConnection, summary: str
) -> tuple[PriorPeriodAmount, ...]:
    """Measure the lines of a difference that belong to earlier months, off its summary.

    In the currency of the documents; exchange differences, which have no amount there, in the entity's own.
    """
    rows = con.execute(
        f"""with measured as (
            select entity_id, currency, period, cause, account_code, debit_minor, credit_minor, lines
            from {summary} where debit_minor <> 0 or credit_minor <> 0
            union all
            select entity_id, functional_currency, period, cause, account_code, own_debit_minor,
                own_credit_minor, case when debit_minor = 0 and credit_minor = 0 then lines else 0 end
            from {summary} where own_debit_minor <> 0 or own_credit_minor <> 0
        )
        select entity_id, currency, strftime(period, '%Y-%m') as month, cause,
            sum(case when {causes.is_profit_and_loss()} then credit_minor - debit_minor else 0
                end)::bigint,
            sum(debit_minor)::bigint, sum(lines)::bigint
        from measured
        where cause not in ({quoted(causes.CURRENT)}, {quoted(causes.OPENING)})
        group by entity_id, currency, month, cause order by all"""
    ).fetchall()
    return tuple(PriorPeriodAmount(*row) for row in rows)


def unapproved(
    amounts: Sequence[PriorPeriodAmount],
    materiality: Materiality,
    approvals: Sequence[Approval],
    prepared_by: str,
) -> list[str]:
    """What still needs approval, one sentence an entity and currency."""
    measured: dict[tuple[str, str], int] = {}
    for amount in amounts:
        key = (amount.entity_id, amount.currency)
        measured[key] = measured.get(key, 0) + abs(amount.result_minor)
    open_points = []
    for (entity, currency), total in sorted(measured.items()):
        threshold = materiality.threshold(entity, currency)
        if threshold is None or total <= threshold:
            continue
        granted = [
            approval.amount_minor
            for approval in approvals
            if (approval.entity_id, approval.currency) == (entity, currency)
            and approval.approved_by.strip()
            and approval.approved_by != prepared_by
        ]
        if max(granted, default=-1) < total:
            open_points.append(
                f"{entity} {currency}: {total} minor units of earlier periods exceed the threshold "
                f"of {threshold}; record an approval of at least {total} by someone other than "
                f"{prepared_by or 'the preparer'}"
            )
    return open_points


def recorded(items: Sequence[PriorPeriodAmount] | Sequence[Approval]) -> list[dict[str, Any]]:
    """Amounts or approvals as a manifest carries them."""
    return [asdict(item) for item in items]
