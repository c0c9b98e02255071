"""Movements of a period against the month before and the plan: which lines are still to be explained.

Reads the marts; keeps explanations in the books. The command line, the checklist of the close and the reports
share it. Does not belong: what a line is made of (dbt) and how it looks (reports).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration import books, pipeline
from orchestration.books.checklist import Fact
from orchestration.books.store import BooksError, period_name
from orchestration.settings import Settings

_LINES = """
    select distinct line_id, entity_id, currency, basis, base_minor, current_minor, change_minor,
        blocks_seal, coalesce(explanation, ''), coalesce(explained_by, '')
    from {mart} where period = ? {needed}
"""


@dataclass(frozen=True)
class Line:
    """A line of the flux in a period. Amounts in minor units of the entity's functional currency."""

    line_id: str
    entity_id: str
    currency: str
    basis: str
    base_minor: int
    current_minor: int
    change_minor: int
    blocks_seal: bool
    explanation: str
    explained_by: str


def lines_of(warehouse: Path, period: date, *, only_needed: bool = True) -> list[Line]:
    """Lines of a period, those above threshold unless told otherwise, by entity and name."""
    needed = "and needs_explanation" if only_needed else ""
    query = " union all ".join(
        _LINES.format(mart=f"marts.{mart}", needed=needed)
        for mart in ("rpt_revenue_flux", "rpt_account_flux")
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"select * from ({query}) order by entity_id, line_id", [period, period]
        ).fetchall()
    return [Line(*row) for row in rows]


def flux_fact(warehouse: Path, period: date) -> Fact:
    """Movements above threshold without an explanation, for the checklist of the close.

    They block the seal only where the policy of thresholds says so.
    """
    needed = lines_of(warehouse, period)
    unexplained = [line for line in needed if not line.explanation]
    detail = (
        f"{len(needed) - len(unexplained)} of {len(needed)} movements above threshold explained"
        if needed
        else "no movement above threshold"
    )
    blockers = tuple(
        f"{line.line_id} moved by {line.change_minor:,} {line.currency} minor units: "
        f"`tieout explain {period_name(period)} {line.line_id}`"
        for line in unexplained
        if line.blocks_seal
    )
    return Fact(not blockers, detail, blockers)


def explain_line(
    settings: Settings, period: date, line_id: str, text: str, by: str
) -> books.Explanation:
    """Keep an explanation of a line with its period, and show it in the warehouse's raw schema.

    Errors: BooksError for a line the period does not have, and what ``books.explain`` refuses.
    """
    known = {line.line_id for line in lines_of(settings.warehouse, period, only_needed=False)}
    if line_id not in known:
        raise BooksError(
            f"{period_name(period)} has no line {line_id!r}: `tieout flux {period_name(period)} --all` "
            "lists them"
        )
    kept = books.explain(settings.books, period, line_id, text, by)
    pipeline.show(settings)
    return kept
