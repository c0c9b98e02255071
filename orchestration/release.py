"""Whether the warehouse may leave the house: what it was built from, and whether it was controlled.

A build notes its inputs when it has succeeded, and forgets the note when it starts. Publishing asks here
first, from Dagster and from the command line alike.
"""

from __future__ import annotations

from expectations.register import load_register
from expectations.results import forget, load_folder
from expectations.runner import control_run
from orchestration import warehouse
from orchestration.settings import Settings

# What the marts that leave have to come from; the rest only decides whether a build is needless.
RELEASED = ("as_of", "evidence", "project")


class ReleaseError(RuntimeError):
    """The marts may not be published; the message says why and what to run."""


def build_starts(settings: Settings) -> None:
    """From here until the build has succeeded, nothing may be published."""
    warehouse.note_start(settings)
    forget(control_run(settings), "books")


def build_succeeded(settings: Settings) -> None:
    """Note what the warehouse was built from. Errors: ReleaseError if that changed while it was built."""
    if changed := warehouse.note_success(settings):
        raise ReleaseError(
            f"{', '.join(changed)} changed while the warehouse was built, so it is of neither state: "
            "run `tieout build` again"
        )


def require_released(settings: Settings) -> None:
    """Errors: ReleaseError if the last build failed, is of other inputs, or was not controlled."""
    built = warehouse.noted(settings)
    if not built:
        raise ReleaseError(
            f"{settings.warehouse} was not built to its end: run `tieout build` first"
        )
    wanted = warehouse.inputs_of(settings)
    if differing := ", ".join(name for name in RELEASED if built.get(name) != wanted[name]):
        raise ReleaseError(
            f"the warehouse was built from other inputs ({differing}): run `tieout build` again"
        )
    results = load_folder(control_run(settings).folder)
    blocking = [control.id for control in load_register() if control.blocking]
    if missing := [id_ for id_ in blocking if id_ not in results]:
        raise ReleaseError(
            f"{len(missing)} blocking controls have not run on this build: run `tieout controls`"
        )
    if failed := [id_ for id_ in blocking if not results[id_].passed]:
        raise ReleaseError(
            f"blocking controls failed: {', '.join(failed)}; read {settings.controls}/index.html, "
            "mend the cause at its source, then pull, build and control again"
        )
