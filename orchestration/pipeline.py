"""The whole pipeline as plain functions, for the command line, the score and the benchmarks.

The Dagster assets call the same functions; this is their order, without a scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from orchestration import books, dbt, warehouse
from orchestration.defs.resources import connected
from orchestration.landing import build_raw
from orchestration.release import build_starts, build_succeeded
from orchestration.settings import Settings
from orchestration.sources.pull import PullResult, pull

# What reads the books: the only models that a batch changes.
FROM_BOOKS = "stg_books__entries+"


def land(settings: Settings, sources: Sequence[str] | None = None) -> list[PullResult]:
    """Pull what is new at every source (or those named) into landing."""
    return pull(connected(settings), list(sources) if sources else None)


def show(settings: Settings) -> None:
    """Show all that has landed and all that is posted as the warehouse's raw schema."""
    build_raw(settings.warehouse, settings.landing, books.relations(settings.books))


def build(settings: Settings) -> None:
    """Rebuild the warehouse from what has landed.

    Errors: DbtError with dbt's last lines, WarehouseBusyError, ReleaseError when evidence landed meanwhile.
    """
    with warehouse.alone(settings, "a build"):
        build_starts(settings)
        show(settings)
        dbt.run_steps(settings, dbt.building(), {})
        build_succeeded(settings)


@contextmanager
def refreshing_books(settings: Settings) -> Iterator[Callable[[], None]]:
    """What shows the books as they are now in the warehouse and builds only what reads them; its dbt gets
    ready while its caller works."""
    with dbt.waiting(settings, {}) as run_these:

        def refresh() -> None:
            with (
                warehouse.alone(settings, "a refresh"),
                warehouse.changing_only_the_books(settings),
            ):
                show(settings)
                run_these(dbt.building("--select", FROM_BOOKS))

        yield refresh


def ensure_built(settings: Settings) -> bool:
    """Build unless the warehouse already is exactly that. Returns whether it had to be built.

    Errors: as ``build``.
    """
    with warehouse.alone(settings, "a build"):
        if not warehouse.is_current(settings):
            build(settings)
            return True
        if warehouse.noted(settings)["books"] != warehouse.shown_books(settings):
            with refreshing_books(settings) as refresh:
                refresh()
        return False
