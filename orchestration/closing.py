"""The acts of a close in order: build, control, check, post, seal, packet, publish. Plain functions.

The command line and the Dagster asset call the same ones. Belongs here: the order, and gathering the facts
of the checklist. Does not belong: what posts (books), what it means (dbt), how it looks (reports).
"""

from __future__ import annotations

import csv
import hashlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from expectations.register import load_register
from orchestration import books, dbt, pipeline
from orchestration.books.causes import OPENING_DIFFERENCE
from orchestration.books.checklist import ChecklistLine, Fact, blocking, checklist
from orchestration.books.periods import closing_refusal
from orchestration.books.store import BooksBusyError, BooksError, next_period, period_name
from orchestration.landing import build_raw
from orchestration.publish import publish
from orchestration.release import require_released
from orchestration.reports.close_frames import CONSOLIDATED, packet_data
from orchestration.reports.close_page import write_close_report
from orchestration.reports.packet import for_entity, write_packet
from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

SEEDS = DBT_PROJECT / "seeds"
COMPUTED = "tieout.ledger.ledger_entry_lines"
# What reads the books: built again once the batch is there.
FROM_BOOKS = "stg_books__entries+"


class CloseBlockedError(BooksError):
    """A period cannot close; ``blockers`` lists exactly what stands in its way."""

    def __init__(self, period: date, blockers: Sequence[str]) -> None:
        self.blockers = tuple(blockers)
        listed = "\n".join(f"  - {blocker}" for blocker in blockers)
        super().__init__(f"{period_name(period)} cannot close:\n{listed}")


@dataclass(frozen=True)
class Person:
    """Who does an act and who agrees to it."""

    prepared_by: str
    approved_by: str = ""
    approvals: tuple[books.Approval, ...] = ()


@dataclass(frozen=True)
class Closed:
    """What a close did, or what a soft close would have posted (then ``batch`` is None)."""

    period: date
    batch: books.Batch | None
    preview: books.Preview | None
    checklist: tuple[ChecklistLine, ...]
    packets: tuple[Path, ...] = ()
    published: str = ""
    opening_differences: tuple[dict[str, Any], ...] = field(default=())


def cut_off_of(period: date) -> datetime:
    """The first instant after a period: evidence known before it takes part."""
    after = next_period(period)
    return datetime(after.year, after.month, after.day, tzinfo=UTC)


def materiality(seeds: Path = SEEDS) -> books.Materiality:
    """Thresholds of prior-period amounts from policy; a pair without one needs approval for any amount."""
    with (seeds / "close_thresholds.csv").open(newline="") as file:
        by_entity = {
            (row["entity_id"], row["currency"]): int(row["prior_period_minor"])
            for row in csv.DictReader(file)
        }
    return books.Materiality(default_minor=0, by_entity=by_entity)


def code_revision() -> str:
    """The revision of this checkout, marked when files differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unversioned"


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One act on the books at a time, from its build to its packet."""
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.home / ".close.lock", timeout=0):
            yield
    except Timeout as error:
        raise BooksBusyError(
            f"another close runs in {settings.home}: wait for it to end, then try again"
        ) from error


def _act(at: Settings, period: date, people: Person, reason: str, controls_hash: str) -> books.Act:
    return books.Act(
        period=period,
        cut_off=at.as_of,
        policy_hash=books.policy_hash(SEEDS),
        code_revision=code_revision(),
        prepared_by=people.prepared_by,
        approved_by=people.approved_by,
        sealed_at=datetime.now(UTC).replace(microsecond=0),
        reason=reason,
        evidence=books.evidence_of(at.landing),
        approvals=people.approvals,
        materiality=materiality(),
        controls_hash=controls_hash,
    )


def _controls(at: Settings) -> tuple[list[dict[str, Any]], str]:
    """Results of every control as the packet shows them, and one hash over them."""
    # Great Expectations takes seconds to import: only who runs it pays.
    from expectations.runner import run_controls

    register = {control.id: control for control in load_register()}
    rows = [
        {
            "control": result.control_id,
            "title": register[result.control_id].title,
            "severity": register[result.control_id].severity,
            "blocking": register[result.control_id].blocking,
            "passed": result.passed,
            "observed": str(result.observed),
        }
        for result in run_controls(at)
    ]
    text = "".join(f"{row['control']} {row['passed']} {row['observed']}\n" for row in rows)
    return rows, hashlib.sha256(text.encode()).hexdigest()


def _count(warehouse: Path, sql: str, *values: object) -> int:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0


def _facts(
    at: Settings, period: date, controls: Sequence[dict[str, Any]], found: books.Preview
) -> dict[str, Fact]:
    """What is known of each step before the seal."""
    failures = _count(at.warehouse, "select count(*) from raw.landing__pull_failure")
    loads = _count(at.warehouse, "select count(*) from raw.landing__load")
    ownerless = _count(
        at.warehouse,
        "select count(*) from marts.rpt_exceptions where severity = 'high' and period <= ? "
        "and coalesce(owner_role, '') = ''",
        period,
    )
    failed = tuple(
        f"{row['control']} {row['title']}: {row['observed']}"
        for row in controls
        if row["blocking"] and not row["passed"]
    )
    approvals = tuple(blocker for blocker in found.blockers if "record an approval" in blocker)
    others = tuple(blocker for blocker in found.blockers if blocker not in approvals)
    passed = sum(bool(row["passed"]) for row in controls)
    return {
        "evidence": Fact(
            failures == 0 and loads > 0,
            f"{loads} loads to {at.as_of:%Y-%m-%d %H:%M}",
            (f"{failures} objects failed at their last pull",) if failures else (),
        ),
        "models": Fact(True, f"built as of {at.as_of:%Y-%m-%d %H:%M}"),
        "controls": Fact(not failed, f"{passed} of {len(controls)} pass", failed),
        "exceptions": Fact(ownerless == 0, "", (f"{ownerless} have none",) if ownerless else ()),
        "soft_close": Fact(not others, f"{found.lines} lines to post", others),
        "prior_period": Fact(
            not approvals, f"{len(found.prior_period)} amounts of earlier months", approvals
        ),
        "flux": Fact(True, "not measured: no threshold on movements is set"),
    }


def _refresh(at: Settings) -> None:
    """Show the books as they are now in the warehouse."""
    pipeline.show(at)
    dbt.run(at, "build", "--select", FROM_BOOKS, "--exclude-resource-type", "unit_test")


def _packets(
    at: Settings,
    period: date,
    batch: books.Batch,
    lines: Sequence[ChecklistLine],
    controls: Sequence[dict[str, Any]],
) -> tuple[Path, ...]:
    """Workbook and page of the group and of each entity."""
    data = packet_data(at.warehouse, SEEDS, period, batch.manifest, lines, controls)
    folder = at.reports / "close" / period_name(period)
    written = []
    for scope in (CONSOLIDATED, *sorted(set(data.trial_balance["entity_id"]))):
        mine = data if scope == CONSOLIDATED else for_entity(data, scope)
        written.append(write_packet(mine, folder / f"{scope.lower()}.xlsx"))
        written.append(write_close_report(mine, folder / f"{scope.lower()}.html"))
    return tuple(written)


def _finish(
    at: Settings,
    period: date,
    batch: books.Batch,
    facts: dict[str, Fact],
    controls: Sequence[dict[str, Any]],
) -> Closed:
    """After the seal: show the batch, make the packet, publish."""
    _refresh(at)
    facts |= {
        "seal": Fact(True, f"batch {batch.batch_id}, seal {batch.seal[:12]}"),
        "packet": Fact(True, "this packet"),
    }
    packets = _packets(at, period, batch, checklist(period, facts), controls)
    version = ""
    if batch.batch_id == books.batches(at.books)[-1].batch_id:
        require_released(at)
        version = publish(at).version
        facts["publish"] = Fact(True, f"version {version}")
    else:
        facts["publish"] = Fact(True, "a later month is published")
    return Closed(period, batch, None, tuple(checklist(period, facts)), packets, version)


def close_period(
    settings: Settings,
    period: date,
    people: Person,
    *,
    soft: bool = False,
    reason: str = "",
    cut_off: datetime | None = None,
) -> Closed:
    """Close a period, or with ``soft`` show what would post and what blocks it.

    Errors: CloseBlockedError with everything that blocks, DbtError, and what ``books.close`` refuses.
    """
    at = replace(settings, as_of=cut_off or cut_off_of(period))
    with _alone(at):
        refusal = closing_refusal(books.batches(at.books), period)
        if refusal and not soft:
            raise refusal
        pipeline.build(at)
        controls, controls_hash = _controls(at)
        act = _act(at, period, people, reason, controls_hash)
        with books.session(at.warehouse, at.home / "scratch") as con:
            found = books.preview(at.books, con, COMPUTED, act, record=soft)
            facts = _facts(at, period, controls, found)
            lines = checklist(period, facts)
            if soft:
                return Closed(period, None, found, tuple(lines))
            blockers = blocking(lines)
            if blockers:
                raise CloseBlockedError(period, blockers)
            batch = books.close(at.books, con, COMPUTED, act)
        return replace(_finish(at, period, batch, facts, controls), preview=found)


def packet_period(settings: Settings, period: date) -> Closed:
    """Packet and publication of a sealed period, as of its cut-off: what a killed close left undone.

    Errors: BooksError when the period is not sealed; DbtError.
    """
    chain = [batch for batch in books.batches(settings.books) if batch.period == period]
    if not chain or chain[-1].kind == "reopen":
        raise BooksError(f"{period_name(period)} is not sealed: `tieout close` it first")
    batch = chain[-1]
    at = replace(settings, as_of=datetime.fromisoformat(batch.manifest["cut_off"]))
    with _alone(at):
        pipeline.build(at)
        controls, _ = _controls(at)
        nothing = books.Preview(period, batch.rows, (), (), (), ())
        return _finish(at, period, batch, _facts(at, period, controls, nothing), controls)


def _trial_balance(period: date) -> str:
    """The ERP's trial balance of one month as a relation."""
    return (
        f"(select * exclude (period) from tieout.ledger.gl_balances where period = date '{period}')"
    )


def open_at(
    settings: Settings, period: date, people: Person, *, cut_off: datetime | None = None
) -> Closed:
    """Go live at the end of a period, against the ERP's trial balance of that month.

    Errors: CloseBlockedError, DbtError, BooksError when the books are open or the ERP sent nothing.
    """
    at = replace(settings, as_of=cut_off or cut_off_of(period))
    with _alone(at):
        chain = books.batches(at.books)
        if chain:
            raise BooksError(f"the books already opened with {chain[0].batch_id}")
        pipeline.build(at)
        controls, controls_hash = _controls(at)
        failed = [
            f"{row['control']} {row['title']}: {row['observed']}"
            for row in controls
            if row["blocking"] and not row["passed"]
        ]
        if failed:
            raise CloseBlockedError(period, failed)
        act = _act(at, period, people, "go-live", controls_hash)
        with books.session(at.warehouse, at.home / "scratch") as con:
            relation = _trial_balance(period)
            row = con.execute(f"select count(*) from {relation}").fetchone()
            if not row or not row[0]:
                raise BooksError(
                    f"the ERP's trial balance of {period_name(period)} has not landed: pull it first"
                )
            batch = books.open_books(at.books, con, COMPUTED, act, trial_balance=relation)
        nothing = books.Preview(period, batch.rows, (), (), (), ())
        closed = _finish(at, period, batch, _facts(at, period, controls, nothing), controls)
        return replace(closed, opening_differences=tuple(opening_differences(at, batch)))


def opening_differences(settings: Settings, batch: books.Batch) -> list[dict[str, Any]]:
    """What the ERP carried at go-live and the evidence does not explain, by account."""
    cursor = duckdb.execute(
        "select entity_id, currency, account_code, amount_minor, entry_key "
        f"from {books.posted_relation(settings.books)} "
        "where batch_id = ? and entry_type = ? order by all",
        [batch.batch_id, OPENING_DIFFERENCE],
    )
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def reopen_period(settings: Settings, period: date, people: Person, reason: str) -> books.Batch:
    """Record that a sealed period is open again. Errors: NotReopenableError."""
    at = replace(settings, as_of=cut_off_of(period))
    with _alone(at), books.session(None, at.home / "scratch") as con:
        return books.reopen(at.books, con, _act(at, period, people, reason, ""))


def reproduce_period(settings: Settings, period: date) -> list[books.Reproduction]:
    """Make every sealed batch of a period again from its own evidence and compare the bytes.

    Errors: BooksError when nothing is sealed or evidence is gone; DbtError.
    """
    mine = [
        batch
        for batch in books.batches(settings.books)
        if batch.period == period and batch.kind != "reopen"
    ]
    if not mine:
        raise BooksError(f"{period_name(period)} has no sealed batch: nothing to reproduce")
    found = []
    for batch in mine:
        with tempfile.TemporaryDirectory(prefix="tieout-reproduce-") as scratch:
            found.append(_reproduce(settings, batch, Path(scratch)))
    return found


def _reproduce(settings: Settings, batch: books.Batch, scratch: Path) -> books.Reproduction:
    cut_off = datetime.fromisoformat(batch.manifest["cut_off"])
    at = replace(settings, home=scratch, as_of=cut_off)
    books.stage_evidence(settings.landing, books.evidence_in(batch), at.landing)
    build_raw(at.warehouse, at.landing)
    dbt.run(
        at,
        "build",
        "--select",
        "+ledger_entry_lines",
        "+gl_balances",
        "--exclude-resource-types",
        "test",
        "unit_test",
    )
    with books.session(at.warehouse, scratch / "spill") as con:
        return books.reproduce(
            settings.books,
            con,
            batch.batch_id,
            COMPUTED,
            scratch / "made",
            trial_balance=_trial_balance(batch.period) if batch.kind == "opening" else None,
            policy_hash=books.policy_hash(SEEDS),
        )


def export(settings: Settings, period: date, shape: str, out: Path | None = None) -> list[Path]:
    """Write a sealed period for ``netsuite`` or ``quickbooks``, or the whole books for ``beancount``.

    Errors: ExportError when nothing is sealed or the importer would refuse it.
    """
    from orchestration.export import beancount, journals, netsuite, quickbooks

    names = journals.read_names(SEEDS)
    folder = out or settings.home / "exports" / period_name(period)
    if shape == "netsuite":
        return [netsuite.write(settings.books, period, names, folder)]
    if shape == "quickbooks":
        return quickbooks.write(settings.books, period, names, folder)
    if shape == "beancount":
        types = beancount.read_account_types(SEEDS)
        return [beancount.write(settings.books, names, types, folder)]
    raise BooksError(f"no export is called {shape}: write netsuite, quickbooks or beancount")
