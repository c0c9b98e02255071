"""Checks the books offline: every byte of every batch against its seal, and every seal against the chain.

Belongs here: naming the first bad batch and what is wrong with it. Needs nothing but the folder itself, so
an auditor can run it on a copy. Does not belong: repair.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.books.acts import act_faults
from orchestration.books.explanations import faults as explanation_faults
from orchestration.books.lines import files_relation
from orchestration.books.store import (
    GENESIS,
    HEAD,
    MANIFEST,
    canonical,
    content_hash,
    file_hash,
    sealed,
)


@dataclass(frozen=True)
class Problem:
    """One thing wrong, and the batch it is wrong with."""

    sequence: int
    batch_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.what}"


@dataclass(frozen=True)
class _Found:
    """A batch folder with what its name and manifest say, as far as they can be read."""

    path: Path
    manifest: dict[str, Any]
    raw: bytes
    unreadable: str = ""

    @property
    def batch_id(self) -> str:
        return self.path.name

    @property
    def sequence(self) -> int:
        number = self.path.name.partition("-")[0]
        return int(number) if number.isdigit() else 10**9


def _read(path: Path) -> _Found:
    manifest = path / MANIFEST
    if not manifest.exists():
        return _Found(path, {}, b"", "it has no manifest")
    raw = manifest.read_bytes()
    try:
        document = json.loads(raw)
        if not isinstance(document, dict):
            raise ValueError("not an object")
    except ValueError as error:
        return _Found(path, {}, raw, f"its manifest cannot be read ({error})")
    return _Found(path, document, raw)


def _manifest_faults(found: _Found) -> Iterator[str]:
    document = found.manifest
    if sealed(document).get("seal") != document.get("seal"):
        yield "its manifest was edited: the seal does not fit its content"
    elif canonical(document) != found.raw:
        yield "its manifest was rewritten: the bytes differ from what was sealed"
    if document.get("batch_id") != found.batch_id:
        yield f"its folder was renamed: the manifest says {document.get('batch_id')}"
    if document.get("period") != found.path.parent.name:
        yield f"it was moved: the manifest says period {document.get('period')}"


def _file_faults(found: _Found) -> Iterator[str]:
    files = found.manifest.get("files", [])
    for file in files:
        path = found.path / file["name"]
        if not path.exists():
            yield f"its file {file['name']} is missing"
        elif file_hash(path) != file["sha256"]:
            yield f"its file {file['name']} was altered: the bytes differ from what was sealed"
    named = {file["name"] for file in files} | {MANIFEST}
    for extra in sorted(path.name for path in found.path.iterdir() if path.name not in named):
        yield f"{extra} was added to it"
    if content_hash(files) != found.manifest.get("content_hash"):
        yield "its list of files does not fit its content hash"


def _total_faults(found: _Found) -> Iterator[str]:
    entries = sorted(found.path.glob("entries-*.parquet"))
    if not entries:
        return
    rows = duckdb.execute(
        f"""select entity_id, currency, account_code, sum(debit_minor)::bigint,
            sum(credit_minor)::bigint
        from {files_relation(entries)} group by all order by all"""
    ).fetchall()
    stated = [
        (
            total["entity_id"],
            total["currency"],
            total["account_code"],
            total["debit_minor"],
            total["credit_minor"],
        )
        for total in found.manifest.get("totals", [])
    ]
    if rows != stated:
        yield "its totals by account do not add up from its lines"


def _chain_faults(chain: list[_Found]) -> Iterator[tuple[int, Problem]]:
    """Breaks between batches, each with the place in the chain where it begins."""
    seal = GENESIS
    for place, found in enumerate(chain, start=1):
        if found.sequence != place:
            missing = f"{place:06d}"
            yield (
                place,
                Problem(place, missing, f"batch {missing} is missing: {found.batch_id} follows"),
            )
            return
        if found.manifest.get("sequence") != place:
            yield (
                place,
                Problem(
                    place,
                    found.batch_id,
                    f"the chain was reordered: its manifest says sequence "
                    f"{found.manifest.get('sequence')}, its folder {place}",
                ),
            )
        # A batch that is itself edited or out of place is reported for that, and says nothing about
        # the one before it. A sound one is sealed over the old manifest: the earlier batch changed.
        is_sound = not found.unreadable and not any(_manifest_faults(found))
        if is_sound and found.manifest.get("previous_seal") != seal:
            before = chain[place - 2] if place > 1 else found
            yield (
                max(place - 1, 1),
                Problem(
                    max(place - 1, 1),
                    before.batch_id,
                    f"the chain is broken: {found.batch_id} was sealed over another manifest",
                ),
            )
        seal = str(found.manifest.get("seal"))


def _head_faults(root: Path, chain: list[_Found], expected_head: str | None) -> Iterator[Problem]:
    path = root / HEAD
    last = chain[-1] if chain else None
    if path.exists():
        head = json.loads(path.read_bytes())
        stated = int(head["sequence"])
        if last is None or stated > last.sequence:
            yield Problem(stated, str(head["batch_id"]), "it is missing: the head names it as last")
        elif stated == last.sequence and head["seal"] != last.manifest.get("seal"):
            yield Problem(
                stated, last.batch_id, "its manifest was replaced: the head knows another seal"
            )
        elif stated < last.sequence - 1:
            yield Problem(stated + 1, last.batch_id, "the head lags by more than one batch")
    elif len(chain) > 1 and last is not None:
        yield Problem(last.sequence, last.batch_id, f"{HEAD} is missing beside a chain of batches")
    if expected_head and expected_head not in {found.manifest.get("seal") for found in chain}:
        yield Problem(
            last.sequence + 1 if last else 1,
            last.batch_id if last else "000001",
            f"no batch carries the seal {expected_head[:12]}… that was noted elsewhere: "
            f"the chain was cut or rewritten",
        )


def verify(root: Path, *, expected_head: str | None = None, deep: bool = True) -> list[Problem]:
    """Everything wrong with the books, the first bad batch first; an empty list when they are whole.

    ``expected_head`` is a seal noted outside the books (the packet prints it): with it even a
    chain that was rewritten from some batch on is found. ``deep`` adds up the lines as well.
    """
    folders = sorted(path for path in root.glob("[0-9]*/*") if path.is_dir())
    chain = sorted((_read(path) for path in folders), key=lambda f: (f.sequence, str(f.path)))
    problems: list[Problem] = []
    for found in chain:
        if found.unreadable:
            problems.append(Problem(found.sequence, found.batch_id, found.unreadable))
            continue
        faults = [*_manifest_faults(found), *_file_faults(found)]
        if deep and not faults:
            faults.extend(_total_faults(found))
        problems.extend(Problem(found.sequence, found.batch_id, fault) for fault in faults)
    problems.extend(problem for _, problem in _chain_faults(chain))
    problems.extend(_head_faults(root, chain, expected_head))
    # Acts and explanations are no part of a batch: what is wrong with them comes after the whole chain.
    after = chain[-1].sequence + 1 if chain else 1
    if not problems:
        problems.extend(Problem(after, period, what) for period, what in act_faults(root))
    problems.extend(Problem(after, "explanations", what) for what in explanation_faults(root))
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.sequence)
