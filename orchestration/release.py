"""Whether the warehouse may leave the house: what it was built from, and whether it was controlled.

A build notes its cut-off and evidence when it has succeeded, and forgets the note when it starts.
Publishing asks here first, from Dagster and from the command line alike.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from expectations.frames import evidence_hash
from expectations.register import load_register
from expectations.results import forget, load_folder
from expectations.runner import control_run
from orchestration.settings import Settings


class ReleaseError(RuntimeError):
    """The marts may not be published; the message says why and what to run."""


def _note(settings: Settings) -> Path:
    return settings.warehouse.with_name("build.json")


def _built_from(settings: Settings) -> dict[str, str]:
    return {
        "as_of": settings.as_of.isoformat(),
        "evidence": evidence_hash(settings.landing),
    }


def build_starts(settings: Settings) -> None:
    """From here until the build has succeeded, nothing may be published."""
    _note(settings).unlink(missing_ok=True)
    forget(control_run(settings), "books")


def build_succeeded(settings: Settings) -> None:
    """Note what the warehouse was built from."""
    note = _note(settings)
    beside = note.with_suffix(".tmp")
    beside.write_text(json.dumps(_built_from(settings), indent=1) + "\n")
    os.replace(beside, note)


def require_released(settings: Settings) -> None:
    """Errors: ReleaseError if the last build failed, is of other evidence, or was not controlled."""
    note = _note(settings)
    if not note.exists():
        raise ReleaseError(
            f"{settings.warehouse} was not built to its end: run `tieout build` first"
        )
    built, wanted = json.loads(note.read_text()), _built_from(settings)
    if built != wanted:
        differing = ", ".join(name for name in wanted if built.get(name) != wanted[name])
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
