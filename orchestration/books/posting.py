"""The acts on the books: preview, open, close, reopen. The only code that adds a batch.

Belongs here: the order of an act (lock, verify, refuse or compute, write aside, rename, head). Does not
belong: the difference itself, the rules of periods, thresholds: each has its module beside this one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.books import difference, opening, periods
from orchestration.books.evidence import Load, evidence_document, evidence_hash
from orchestration.books.lines import POSTED_COLUMNS, quoted
from orchestration.books.materiality import (
    Approval,
    ApprovalNeededError,
    Materiality,
    PriorPeriodAmount,
    prior_period_amounts,
    recorded,
    unapproved,
)
from orchestration.books.store import (
    GENESIS,
    INCOMING,
    MANIFEST,
    Batch,
    BooksDamagedError,
    BooksError,
    batches,
    canonical,
    content_hash,
    described,
    flush,
    locked,
    period_name,
    sealed,
    settle_head,
    write_head,
)
from orchestration.books.verify import verify

ENTRIES = "entries-0001.parquet"
EVIDENCE = "evidence.json"
Step = Callable[[str], None]


def _no_step(_: str) -> None:
    """Tests pass a step that raises, to stand for a kill at that point."""


@dataclass(frozen=True)
class Act:
    """What is recorded of an act on the books: which period, from what, by whom, and why."""

    period: date
    cut_off: datetime
    policy_hash: str
    code_revision: str
    prepared_by: str
    approved_by: str
    sealed_at: datetime
    reason: str = ""
    evidence: tuple[Load, ...] = ()
    approvals: tuple[Approval, ...] = ()
    materiality: Materiality = field(default_factory=Materiality)
    released: tuple[str, ...] = ()
    controls_hash: str = ""


@dataclass(frozen=True)
class Preview:
    """What a close would post, and what stands in its way."""

    period: date
    lines: int
    totals: tuple[dict[str, Any], ...]
    by_cause: tuple[dict[str, Any], ...]
    prior_period: tuple[PriorPeriodAmount, ...]
    blockers: tuple[str, ...]


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def totals(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return _rows(
        con,
        f"""select entity_id, currency, account_code, sum(debit_minor)::bigint as debit_minor,
            sum(credit_minor)::bigint as credit_minor
        from {difference.SUMMARY} group by all order by all""",
    )


def _by_cause(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return _rows(
        con,
        f"""select entity_id, currency, cause, sum(lines)::bigint as lines,
            sum(debit_minor)::bigint as debit_minor
        from {difference.SUMMARY} group by all order by all""",
    )


def _count(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute(
        f"select coalesce(sum(lines), 0)::bigint from {difference.SUMMARY}"
    ).fetchone()
    return int(row[0]) if row else 0


def compute(
    con: duckdb.DuckDBPyConnection,
    chain: Sequence[Batch],
    act: Act,
    computed: str,
    *,
    baseline: str | None,
    kind: str,
    trial_balance: str | None = None,
) -> None:
    """Leave the lines of an act in the difference's table."""
    extra = None
    if kind == "opening" and trial_balance:
        difference.require_complete(con, computed)
        extra = opening.difference_select(con, computed, trial_balance, act.period)
    sealing = [batch for batch in chain if batch.kind != "reopen"]
    difference.compute_lines(
        con,
        computed,
        posting=act.period,
        posted=[file for batch in chain for file in batch.entries],
        baseline=baseline,
        policy_changed=bool(sealing) and sealing[-1].manifest["policy_hash"] != act.policy_hash,
        is_opening=kind == "opening",
        released=act.released,
        extra=extra,
    )


def _manifest(
    con: duckdb.DuckDBPyConnection,
    chain: Sequence[Batch],
    act: Act,
    kind: str,
    files: list[dict[str, Any]],
    *,
    has_baseline: bool,
    has_lines: bool,
) -> dict[str, Any]:
    sequence = len(chain) + 1
    return sealed(
        {
            "format": 1,
            "sequence": sequence,
            "batch_id": f"{sequence:06d}-{kind}",
            "kind": kind,
            "period": period_name(act.period),
            "previous_seal": chain[-1].seal if chain else GENESIS,
            "cut_off": act.cut_off.isoformat(),
            "sealed_at": act.sealed_at.isoformat(),
            "evidence_hash": evidence_hash(act.evidence),
            "policy_hash": act.policy_hash,
            "code_revision": act.code_revision,
            "engine": f"duckdb {duckdb.__version__}",
            "controls_hash": act.controls_hash,
            "prepared_by": act.prepared_by,
            "approved_by": act.approved_by,
            "reason": act.reason,
            "approvals": recorded(act.approvals),
            "released": list(act.released),
            "has_policy_baseline": has_baseline,
            "files": files,
            "content_hash": content_hash(files),
            "totals": totals(con) if has_lines else [],
            "causes": _by_cause(con) if has_lines else [],
            "prior_period": recorded(prior_period_amounts(con, difference.SUMMARY))
            if has_lines
            else [],
        }
    )


def _write_entries(con: duckdb.DuckDBPyConnection, path: Path, batch_id: str, act: Act) -> int:
    """Write the lines in their total order, so that equal lines give equal bytes."""
    posting = f"date {quoted(act.period.isoformat())}"
    special = {
        "batch_id": quoted(batch_id),
        "posting_period": posting,
        "debit_minor": "greatest(amount_minor, 0)",
        "credit_minor": "greatest(-amount_minor, 0)",
        "posting_key": f"entity_id || {quoted(f'|{period_name(act.period)}|')} "
        "|| entry_type || '|' || currency",
    }
    columns = ", ".join(
        f"({special.get(name, name)})::{type_} as {name}" for name, type_ in POSTED_COLUMNS
    )
    # Sorted before the columns that follow from others are added: a sort pays for every column it moves.
    con.execute(
        f"copy (select {columns} from (from {difference.LINES} order by "
        f"{difference.resting_order(con)})) "
        f"to {quoted(str(path))} (format parquet, compression zstd, row_group_size 122880)"
    )
    return _count(con)


def write_batch(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    chain: Sequence[Batch],
    act: Act,
    kind: str,
    *,
    has_baseline: bool = False,
    has_lines: bool = True,
    step: Step = _no_step,
) -> Batch:
    """Write one whole batch into an empty folder; nothing of it shows in the books yet."""
    folder.mkdir(parents=True)
    files = []
    if has_lines:
        batch_id = f"{len(chain) + 1:06d}-{kind}"
        rows = _write_entries(con, folder / ENTRIES, batch_id, act)
        flush(folder / ENTRIES)
        files.append(described(folder / ENTRIES, rows=rows))
        step("entries written")
    (folder / EVIDENCE).write_bytes(evidence_document(act.evidence))
    flush(folder / EVIDENCE)
    files.append(described(folder / EVIDENCE))
    step("evidence written")
    document = _manifest(
        con, chain, act, kind, files, has_baseline=has_baseline, has_lines=has_lines
    )
    (folder / MANIFEST).write_bytes(canonical(document))
    flush(folder / MANIFEST)
    flush(folder)
    step("manifest written")
    return Batch(folder, document)


def _commit(root: Path, written: Batch, step: Step) -> Batch:
    """Make a written batch part of the books: one rename, then the head."""
    place = root / str(written.manifest["period"])
    place.mkdir(exist_ok=True)
    step("period folder made")
    final = place / written.batch_id
    os.rename(written.path, final)
    flush(place)
    step("batch visible")
    batch = Batch(final, written.manifest)
    write_head(root, batch)
    step("head replaced")
    return batch


def _sound_chain(root: Path) -> list[Batch]:
    settle_head(root)
    problems = verify(root, deep=False)
    if problems:
        raise BooksDamagedError(
            f"the books in {root} do not verify, first at {problems[0]}: nothing can be posted "
            f"until they are restored from a copy"
        )
    return batches(root)


def _named(act: Act) -> None:
    for who, name in (("prepared_by", act.prepared_by), ("approved_by", act.approved_by)):
        if not name.strip():
            raise BooksError(f"{period_name(act.period)}: {who} is empty; a seal names both people")


def preview(
    root: Path,
    con: duckdb.DuckDBPyConnection,
    computed: str,
    act: Act,
    *,
    baseline: str | None = None,
    record: bool = False,
) -> Preview:
    """What a hard close would post now, leaving its lines in ``books_lines``. Posts nothing.

    With ``record`` the period counts as soft closed until it is sealed.
    """
    chain = batches(root)
    blockers = [f"books: {problem}" for problem in verify(root, deep=False)]
    refusal = periods.closing_refusal(chain, act.period)
    if refusal:
        blockers.append(str(refusal))
    try:
        compute(con, chain, act, computed, baseline=baseline, kind="close")
    except BooksError as error:
        return Preview(act.period, 0, (), (), (), (*blockers, str(error)))
    amounts = prior_period_amounts(con, difference.SUMMARY)
    blockers += unapproved(amounts, act.materiality, act.approvals, act.prepared_by)
    found = Preview(
        act.period,
        _count(con),
        tuple(totals(con)),
        tuple(_by_cause(con)),
        amounts,
        tuple(blockers),
    )
    if record and not refusal:
        document: dict[str, object] = {
            "period": period_name(act.period),
            "prepared_by": act.prepared_by,
            "looked_at": act.sealed_at.isoformat(),
            "cut_off": act.cut_off.isoformat(),
            "lines": found.lines,
            "totals": list(found.totals),
            "prior_period": recorded(amounts),
            "blockers": list(found.blockers),
        }
        periods.mark_soft(root, act.period, document)
    return found


def close(
    root: Path,
    con: duckdb.DuckDBPyConnection,
    computed: str,
    act: Act,
    *,
    baseline: str | None = None,
    step: Step = _no_step,
) -> Batch:
    """Post the difference of a period and seal it.

    Errors: BooksBusyError, BooksDamagedError, PeriodSealedError, PredecessorOpenError, UnbalancedError,
    IncompleteLineError, ApprovalNeededError; after any of them the books are what they were.
    """
    _named(act)
    with locked(root):
        chain = _sound_chain(root)
        refusal = periods.closing_refusal(chain, act.period)
        if refusal:
            raise refusal
        step("accepted")
        compute(con, chain, act, computed, baseline=baseline, kind="close")
        step("computed")
        needed = unapproved(
            prior_period_amounts(con, difference.SUMMARY),
            act.materiality,
            act.approvals,
            act.prepared_by,
        )
        if needed:
            raise ApprovalNeededError(f"{period_name(act.period)}: " + "; ".join(needed))
        written = write_batch(
            con,
            root / INCOMING / "batch",
            chain,
            act,
            "close",
            has_baseline=baseline is not None,
            step=step,
        )
        return _commit(root, written, step)


def open_books(
    root: Path,
    con: duckdb.DuckDBPyConnection,
    computed: str,
    act: Act,
    *,
    trial_balance: str | None = None,
    step: Step = _no_step,
) -> Batch:
    """Go live: post what is computed up to ``act.period`` and, against the ERP's trial balance of that
    month's end, one listed difference an entity, currency and account.

    Errors: BooksError when the books are not empty or the trial balance does not balance.
    """
    _named(act)
    with locked(root):
        chain = _sound_chain(root)
        if chain:
            raise BooksError(
                f"the books already opened with {chain[0].batch_id} in "
                f"{period_name(chain[0].period)}: opening happens once"
            )
        step("accepted")
        compute(
            con, chain, act, computed, baseline=None, kind="opening", trial_balance=trial_balance
        )
        step("computed")
        written = write_batch(con, root / INCOMING / "batch", chain, act, "opening", step=step)
        return _commit(root, written, step)


def reopen(root: Path, con: duckdb.DuckDBPyConnection, act: Act, *, step: Step = _no_step) -> Batch:
    """Record that a sealed period is open again, and why. Errors: NotReopenableError."""
    with locked(root):
        chain = _sound_chain(root)
        refusal = periods.reopening_refusal(
            chain, act.period, act.reason, act.prepared_by, act.approved_by
        )
        if refusal:
            raise refusal
        written = write_batch(
            con, root / INCOMING / "batch", chain, act, "reopen", has_lines=False, step=step
        )
        return _commit(root, written, step)
