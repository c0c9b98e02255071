"""Makes a sealed batch again from evidence and compares it byte for byte with what was sealed.

Belongs here: rebuilding one batch over the batches before it, and saying which file differs and why that may
be (other policies, other engine). The caller builds the warehouse from the batch's own evidence first.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.books.difference import discard
from orchestration.books.evidence import read_evidence
from orchestration.books.lines import IDENTITY, files_relation
from orchestration.books.materiality import Approval
from orchestration.books.posting import EVIDENCE, Act, compute, write_batch
from orchestration.books.store import MANIFEST, Batch, BooksError, batches, file_hash, period_name


@dataclass(frozen=True)
class Reproduction:
    """Whether a batch came out the same, and every way in which it did not."""

    batch_id: str
    is_identical: bool
    differences: tuple[str, ...]


def batch_named(root: Path, batch_id: str) -> Batch:
    for batch in batches(root):
        if batch.batch_id == batch_id:
            return batch
    raise BooksError(f"no batch {batch_id} in {root}: `tieout close --list` shows what there is")


def act_of(batch: Batch) -> Act:
    """The act that a manifest records."""
    stated = batch.manifest
    return Act(
        period=batch.period,
        cut_off=datetime.fromisoformat(stated["cut_off"]),
        policy_hash=stated["policy_hash"],
        code_revision=stated["code_revision"],
        prepared_by=stated["prepared_by"],
        approved_by=stated["approved_by"],
        sealed_at=datetime.fromisoformat(stated["sealed_at"]),
        reason=stated["reason"],
        evidence=read_evidence(batch.path / EVIDENCE),
        approvals=tuple(Approval(**approval) for approval in stated["approvals"]),
        released=tuple(stated["released"]),
        controls_hash=stated["controls_hash"],
    )


def _line_differences(con: duckdb.DuckDBPyConnection, old: Batch, new: Batch) -> list[str]:
    identity = ", ".join((*IDENTITY, "cause", "amount_minor"))
    for words, left, right in (
        ("sealed and not made again", old, new),
        ("made now and not sealed", new, old),
    ):
        rows = con.execute(
            f"""select entry_key, account_code, amount_minor from (
                select {identity} from {files_relation(left.entries)}
                except all select {identity} from {files_relation(right.entries)}
            ) order by all limit 1"""
        ).fetchall()
        if rows:
            entry, account, amount = rows[0]
            return [f"first line {words}: entry {entry}, account {account}, {amount} minor units"]
    return []


def reproduce(
    root: Path,
    con: duckdb.DuckDBPyConnection,
    batch_id: str,
    computed: str,
    scratch: Path,
    *,
    baseline: str | None = None,
    trial_balance: str | None = None,
    policy_hash: str | None = None,
) -> Reproduction:
    """Make a batch again below ``scratch`` and compare. Never touches the books.

    ``computed`` is built from the batch's evidence (``stage_evidence``) as of its cut-off.
    Errors: BooksError for an unknown batch or a missing policy baseline.
    """
    batch = batch_named(root, batch_id)
    if batch.manifest["has_policy_baseline"] and baseline is None:
        raise BooksError(f"{batch_id} was posted with a policy baseline: compute it again as well")
    before = [other for other in batches(root) if other.sequence < batch.sequence]
    act = act_of(batch)
    folder = scratch / batch.batch_id
    shutil.rmtree(folder, ignore_errors=True)
    has_lines = batch.kind != "reopen"
    if has_lines:
        compute(
            con,
            before,
            act,
            computed,
            baseline=baseline,
            kind=batch.kind,
            trial_balance=trial_balance,
        )
    made = write_batch(
        con,
        folder,
        before,
        act,
        batch.kind,
        has_baseline=baseline is not None,
        has_lines=has_lines,
    )
    found = []
    for name in [*(file["name"] for file in batch.manifest["files"]), MANIFEST]:
        sealed_file, new_file = batch.path / name, folder / name
        if not sealed_file.exists() or not new_file.exists():
            found.append(f"{name} exists on one side only")
        elif file_hash(sealed_file) != file_hash(new_file):
            found.append(f"{name} differs")
    if found and has_lines:
        found += _line_differences(con, batch, made)
    if found and policy_hash is not None and policy_hash != batch.manifest["policy_hash"]:
        found.append(
            f"the policies are not those of {period_name(batch.period)}: "
            f"check out revision {batch.manifest['code_revision']}"
        )
    if found and batch.manifest["engine"] != f"duckdb {duckdb.__version__}":
        found.append(f"it was sealed by {batch.manifest['engine']}, not {duckdb.__version__}")
    discard(con)
    return Reproduction(batch_id, not found, tuple(found))
