"""The acts of a close in order: build, control, check, post, seal, packet, publish. Plain functions.

The command line and the Dagster asset call the same ones. Belongs here: the order, and gathering the facts
of the checklist. Does not belong: what posts (books), what it means (dbt), how it looks (reports).
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import books, dbt, pipeline, warehouse
from orchestration.books.acts import acts_of, record
from orchestration.books.causes import OPENING_DIFFERENCE
from orchestration.books.checklist import ChecklistLine, Fact, blocking, checklist
from orchestration.books.periods import closing_refusal
from orchestration.books.store import BooksError, file_hash, next_period, period_name
from orchestration.close_facts import (
    CHECKED,
    EXPORTED,
    PACKET,
    PUBLISHED,
    RELEASED,
    SIGNED,
    checked_detail,
    controls_of,
    facts_before_the_seal,
    failed_blocking,
    keep_facts,
    recorded_facts,
)
from orchestration.landing import build_raw
from orchestration.publish import publish
from orchestration.release import require_released
from orchestration.reports.close_frames import CONSOLIDATED, packet_data
from orchestration.reports.close_page import write_close_report
from orchestration.reports.packet import for_entity, write_packet
from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

SEEDS = DBT_PROJECT / "seeds"
COMPUTED = "tieout.ledger.ledger_entry_lines"


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
        released=_released(at),
        controls_hash=controls_hash,
    )


def _released(settings: Settings) -> tuple[str, ...]:
    """Opening differences that somebody released and no close has posted yet."""
    chain = books.batches(settings.books)
    if not chain:
        return ()
    acts = acts_of(settings.books, chain[0])
    wanted = {str(act.detail["entry_key"]) for act in acts if act.what == RELEASED}
    return tuple(sorted(wanted - {key for batch in chain for key in batch.manifest["released"]}))


def packet_folder(settings: Settings, period: date) -> Path:
    return settings.reports / "close" / period_name(period)


def _packets(
    at: Settings,
    period: date,
    batch: books.Batch,
    lines: Sequence[ChecklistLine],
    controls: Sequence[Mapping[str, Any]],
) -> tuple[Path, ...]:
    """Workbook and page of the group and of each entity."""
    data = packet_data(at.warehouse, SEEDS, period, batch.manifest, lines, controls)
    folder = packet_folder(at, period)
    written = []
    for scope in (CONSOLIDATED, *sorted(set(data.trial_balance["entity_id"]))):
        mine = data if scope == CONSOLIDATED else for_entity(data, scope)
        written.append(write_packet(mine, folder / f"{scope.lower()}.xlsx"))
        written.append(write_close_report(mine, folder / f"{scope.lower()}.html"))
    return tuple(written)


def _unchanged(at: Settings) -> None:
    """Errors: BooksError when evidence or policies changed since the warehouse was built."""
    if not warehouse.is_current(at):
        raise BooksError(
            "evidence, policies or the warehouse changed while the month was computed: nothing was "
            "posted; do it again"
        )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _finish(
    at: Settings,
    period: date,
    batch: books.Batch,
    facts: dict[str, Fact],
    controls: Sequence[Mapping[str, Any]],
    refresh: Callable[[], None],
) -> Closed:
    """After the seal: record what was checked, show the batch, make the packet, publish."""
    by = str(batch.manifest["prepared_by"])
    record(at.books, batch, CHECKED, by, _now(), checked_detail(facts))
    refresh()
    known, _ = recorded_facts(at.books, period)
    known["packet"] = Fact(True, "this packet")
    packets = _packets(at, period, batch, checklist(period, known), controls)
    record(at.books, batch, PACKET, by, _now(), {path.name: file_hash(path) for path in packets})
    version = ""
    if batch.batch_id == books.batches(at.books)[-1].batch_id:
        require_released(at)
        version = publish(at).version
    note = f"version {version}" if version else "a later month is published"
    record(at.books, batch, PUBLISHED, by, _now(), {"version": note})
    known, _ = recorded_facts(at.books, period)
    return Closed(period, batch, None, tuple(checklist(period, known)), packets, version)


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
    with warehouse.alone(at, f"the close of {period_name(period)}"):
        refusal = closing_refusal(books.batches(at.books), period)
        if refusal and not soft:
            raise refusal
        was_built = pipeline.ensure_built(at)
        # The dbt that will show the batch gets ready beside the controls.
        with pipeline.refreshing_books(at) as refresh:
            controls, controls_hash = controls_of(at)
            act = _act(at, period, people, reason, controls_hash)
            with books.session(at.warehouse, at.home / "scratch") as con:
                found = books.preview(at.books, con, COMPUTED, act, record=soft)
                facts = facts_before_the_seal(at, period, controls, found, was_built=was_built)
                lines = checklist(period, facts)
                blockers = blocking(lines)
                if soft or blockers:
                    if not refusal:
                        keep_facts(at, period, facts)
                    if soft:
                        return Closed(period, None, found, tuple(lines))
                    raise CloseBlockedError(period, blockers)
                _unchanged(at)
                batch = books.close(at.books, con, COMPUTED, act)
            return replace(_finish(at, period, batch, facts, controls, refresh), preview=found)


def _seal_of(settings: Settings, period: date) -> books.Batch:
    """The batch that seals a period. Errors: BooksError when it is not sealed."""
    _, batch = recorded_facts(settings.books, period)
    if batch is None:
        raise BooksError(f"{period_name(period)} is not sealed: `tieout close` it first")
    return batch


def packet_period(settings: Settings, period: date) -> Closed:
    """Packet and publication of a sealed period, as of its cut-off: what a killed close left undone.

    Errors: BooksError when the period is not sealed; DbtError.
    """
    batch = _seal_of(settings, period)
    at = replace(settings, as_of=datetime.fromisoformat(batch.manifest["cut_off"]))
    with warehouse.alone(at, f"the packet of {period_name(period)}"):
        was_built = pipeline.ensure_built(at)
        # The dbt that will show the batch gets ready beside the controls.
        with pipeline.refreshing_books(at) as refresh:
            controls, _ = controls_of(at)
            nothing = books.Preview(period, batch.rows, (), (), (), ())
            facts = facts_before_the_seal(at, period, controls, nothing, was_built=was_built)
            return _finish(at, period, batch, facts, controls, refresh)


def sign_off(settings: Settings, period: date, by: str, role: str, remarks: str = "") -> None:
    """Record who signed the packet of a sealed period, and which packet that was.

    Errors: BooksError when the period is not sealed, the signer prepared it or has no name or role, or
    the packet is not the one that was made; CloseBlockedError with the steps that have to come before.
    """
    name = period_name(period)
    batch = _seal_of(settings, period)
    if not by.strip() or not role.strip():
        raise BooksError(f"signing {name} off needs a name and a role")
    if by.strip().casefold() == str(batch.manifest["prepared_by"]).strip().casefold():
        raise BooksError(f"{by} prepared {name}: somebody else has to sign it off")
    facts, _ = recorded_facts(settings.books, period)
    if "sign_off" in facts:
        raise BooksError(f"{name} is signed off: {facts['sign_off'].detail}")
    if blockers := blocking(checklist(period, facts), "sign_off"):
        raise CloseBlockedError(period, blockers)
    packet = packet_folder(settings, period) / f"{CONSOLIDATED.lower()}.xlsx"
    made = [act for act in acts_of(settings.books, batch) if act.what == PACKET][-1].detail
    if not packet.exists() or file_hash(packet) != made[packet.name]:
        raise BooksError(f"{packet} is not the packet that was made: run `tieout packet {name}`")
    detail = {"role": role.strip(), "packet_sha256": made[packet.name], "remarks": remarks}
    record(settings.books, batch, SIGNED, by.strip(), _now(), detail)


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
    with warehouse.alone(at, f"the opening of {period_name(period)}"):
        chain = books.batches(at.books)
        if chain:
            raise BooksError(f"the books already opened with {chain[0].batch_id}")
        was_built = pipeline.ensure_built(at)
        # The dbt that will show the batch gets ready beside the controls.
        with pipeline.refreshing_books(at) as refresh:
            controls, controls_hash = controls_of(at)
            if failed := failed_blocking(controls):
                raise CloseBlockedError(period, failed)
            act = _act(at, period, people, "go-live", controls_hash)
            with books.session(at.warehouse, at.home / "scratch") as con:
                relation = _trial_balance(period)
                row = con.execute(
                    "select count(*) from tieout.staging.stg_erp__trial_balances where period = ?",
                    [period],
                ).fetchone()
                if not row or not row[0]:
                    raise BooksError(
                        f"the ERP's trial balance of {period_name(period)} has not landed: pull it first"
                    )
                _unchanged(at)
                batch = books.open_books(at.books, con, COMPUTED, act, trial_balance=relation)
            nothing = books.Preview(period, batch.rows, (), (), (), ())
            facts = facts_before_the_seal(at, period, controls, nothing, was_built=was_built)
            closed = _finish(at, period, batch, facts, controls, refresh)
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


def release_opening(settings: Settings, entity: str, currency: str, by: str, reason: str) -> int:
    """Let the next close post an entity's opening differences in a currency back. Returns their lines.

    Errors: BooksError when there are none, they were released before, or no name or reason is given.
    """
    if not by.strip() or not reason.strip():
        raise BooksError("releasing an opening difference needs a name and a reason")
    chain = books.batches(settings.books)
    opened = chain[0] if chain and chain[0].kind == "opening" else None
    found = opening_differences(settings, opened) if opened else []
    mine = [row for row in found if (row["entity_id"], row["currency"]) == (entity, currency)]
    if not opened or not mine:
        raise BooksError(f"no opening difference of {entity} in {currency} is in the books")
    key = mine[0]["entry_key"]
    acts = [act for act in acts_of(settings.books, opened) if act.what == RELEASED]
    if before := [act for act in acts if act.detail["entry_key"] == key]:
        raise BooksError(f"{key} was released {before[0].at[:10]} by {before[0].by}")
    detail = {"entry_key": key, "reason": reason.strip()}
    record(settings.books, opened, RELEASED, by.strip(), _now(), detail)
    return len(mine)


def reopen_period(settings: Settings, period: date, people: Person, reason: str) -> books.Batch:
    """Record that a sealed period is open again. Errors: NotReopenableError."""
    at = replace(settings, as_of=cut_off_of(period))
    acting = f"the reopening of {period_name(period)}"
    with warehouse.alone(at, acting), books.session(None, at.home / "scratch") as con:
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


def export(
    settings: Settings, period: date, shape: str, out: Path | None = None, by: str = ""
) -> list[Path]:
    """Write a sealed period for ``netsuite`` or ``quickbooks``, or the whole books for ``beancount``.

    Recorded with the period. Errors: ExportError when nothing is sealed or the importer would refuse it.
    """
    from orchestration.export import beancount, journals, netsuite, quickbooks

    batch = _seal_of(settings, period)
    names = journals.read_names(SEEDS)
    folder = out or settings.home / "exports" / period_name(period)
    if shape == "netsuite":
        written = [netsuite.write(settings.books, period, names, folder)]
    elif shape == "quickbooks":
        written = quickbooks.write(settings.books, period, names, folder)
    elif shape == "beancount":
        types = beancount.read_account_types(SEEDS)
        written = [beancount.write(settings.books, names, types, folder)]
    else:
        raise BooksError(f"no export is called {shape}: write netsuite, quickbooks or beancount")
    files = {path.name: file_hash(path) for path in written}
    detail = {"shape": shape, "files": files}
    record(settings.books, batch, EXPORTED, by or "tieout", _now(), detail)
    return written
