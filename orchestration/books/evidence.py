"""Which evidence and which policies a batch was made from, as lists and hashes.

Belongs here: the inventory of landed loads at a close, the hash of the policy seeds, and the staging of
exactly those loads again for a reproduction. Reads landing only through its manifests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.books.store import BooksError, file_hash

LOAD_MANIFEST = "_manifest.json"


@dataclass(frozen=True, order=True)
class Load:
    """One landed load: its folder below landing, and the hash of its manifest, which in turn
    carries the hashes of its files."""

    path: str
    sha256: str


def evidence_of(landing: Path) -> tuple[Load, ...]:
    """Every load landed so far."""
    return tuple(
        sorted(
            Load(manifest.parent.relative_to(landing).as_posix(), file_hash(manifest))
            for manifest in landing.glob(f"*/*/*/{LOAD_MANIFEST}")
        )
    )


def evidence_hash(loads: Iterable[Load]) -> str:
    lines = "".join(f"{load.sha256}  {load.path}\n" for load in sorted(loads))
    return hashlib.sha256(lines.encode()).hexdigest()


def policy_hash(seeds: Path) -> str:
    """One hash over every policy seed, by name and content."""
    lines = "".join(
        f"{file_hash(seed)}  {seed.relative_to(seeds).as_posix()}\n"
        for seed in sorted(seeds.rglob("*.csv"))
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def evidence_document(loads: Sequence[Load]) -> bytes:
    return (json.dumps([asdict(load) for load in sorted(loads)], indent=1) + "\n").encode()


def read_evidence(path: Path) -> tuple[Load, ...]:
    return tuple(Load(**row) for row in json.loads(path.read_bytes()))


def stage_evidence(landing: Path, loads: Sequence[Load], out: Path) -> Path:
    """A landing folder that shows exactly these loads, by links. Errors: BooksError naming the
    load that is gone or altered since."""
    for load in loads:
        manifest = landing / load.path / LOAD_MANIFEST
        if not manifest.exists():
            raise BooksError(f"evidence {load.path} is no longer in {landing}: restore it")
        if file_hash(manifest) != load.sha256:
            raise BooksError(f"evidence {load.path} was altered since it was used: restore it")
        target = out / load.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.symlink((landing / load.path).resolve(), target, target_is_directory=True)
    return out
