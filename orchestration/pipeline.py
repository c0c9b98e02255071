"""The whole pipeline as plain functions, for the command line, the score and the benchmarks.

The Dagster assets call the same functions; this is their order, without a scheduler.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestration import books, dbt
from orchestration.defs.resources import connected
from orchestration.landing import build_raw
from orchestration.release import build_starts, build_succeeded
from orchestration.settings import Settings
from orchestration.sources.pull import PullResult, pull


def land(settings: Settings, sources: Sequence[str] | None = None) -> list[PullResult]:
    """Pull what is new at every source (or those named) into landing."""
    return pull(connected(settings), list(sources) if sources else None)


def show(settings: Settings) -> None:
    """Show all that has landed and all that is posted as the warehouse's raw schema."""
    build_raw(settings.warehouse, settings.landing, books.relations(settings.books))


def build(settings: Settings) -> None:
    """Rebuild the warehouse from what has landed. Errors: DbtError with dbt's last lines."""
    build_starts(settings)
    show(settings)
    dbt.build(settings)
    build_succeeded(settings)
