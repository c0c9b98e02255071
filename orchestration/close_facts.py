"""What is known of each step of a close: gathered while it runs, and read back from what it recorded.

Belongs here: controls as the packet shows them and the facts of the checklist. Does not belong: the order of
the acts (closing), the steps and their status (books.checklist).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

import expectations
from expectations.register import load_register
from expectations.results import load_folder
from orchestration import books, warehouse
from orchestration.books.acts import Recorded, acts_of
from orchestration.books.checklist import ChecklistLine, Fact, checklist
from orchestration.books.periods import SOFT
from orchestration.books.store import Batch, canonical, period_name, write_aside
from orchestration.flux import flux_fact
from orchestration.settings import Settings

CHECKED, PACKET, PUBLISHED = "checked", "packet", "publish"
EXPORTED, SIGNED = "export", "sign_off"
RELEASED = "release_opening"


def controls_of(at: Settings) -> tuple[list[dict[str, Any]], str]:
    """Results of every control as the packet shows them, and one hash over them.

    They run once a warehouse: the results are kept beside it under a hash of its note and of the controls.
    """
    # Great Expectations takes seconds to import: only who runs it pays.
    from expectations.runner import control_run, run_controls

    register = {control.id: control for control in load_register()}
    kept = at.warehouse.with_name("controls.json")
    rules = warehouse.tree_hash(
        Path(expectations.__file__).parent, suffixes={".py", ".yml", ".j2", ".css"}
    )
    note = warehouse.noted(at) if warehouse.is_current(at) else {}
    key = hashlib.sha256(f"{rules} {json.dumps(note, sort_keys=True)}".encode()).hexdigest()
    rows: list[dict[str, Any]] = []
    if note and kept.exists() and set(register) <= set(load_folder(control_run(at).folder)):
        document = json.loads(kept.read_text())
        rows = document["rows"] if document["key"] == key else []
    if not rows:
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
        write_aside(kept, canonical({"key": key, "rows": rows}))
    text = "".join(f"{row['control']} {row['passed']} {row['observed']}\n" for row in rows)
    return rows, hashlib.sha256(text.encode()).hexdigest()


def failed_blocking(controls: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        f"{row['control']} {row['title']}: {row['observed']}"
        for row in controls
        if row["blocking"] and not row["passed"]
    )


def _count(at: Settings, sql: str, *values: object) -> int:
    with duckdb.connect(str(at.warehouse), read_only=True) as connection:
        row = connection.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0


def facts_before_the_seal(
    at: Settings,
    period: date,
    controls: Sequence[Mapping[str, Any]],
    found: books.Preview,
    *,
    was_built: bool,
) -> dict[str, Fact]:
    """What is known of each step before the seal."""
    failures = _count(at, "select count(*) from raw.landing__pull_failure")
    loads = _count(at, "select count(*) from raw.landing__load")
    ownerless = _count(
        at,
        "select count(*) from marts.rpt_exceptions where severity = 'high' and period <= ? "
        "and coalesce(owner_role, '') = ''",
        period,
    )
    failed = failed_blocking(controls)
    approvals = tuple(blocker for blocker in found.blockers if "record an approval" in blocker)
    others = tuple(blocker for blocker in found.blockers if blocker not in approvals)
    passed = sum(bool(row["passed"]) for row in controls)
    built = "built" if was_built else "already built"
    return {
        "evidence": Fact(
            failures == 0 and loads > 0,
            f"{loads} loads to {at.as_of:%Y-%m-%d %H:%M}",
            (f"{failures} objects failed at their last pull",) if failures else (),
        ),
        "models": Fact(True, f"{built} as of {at.as_of:%Y-%m-%d %H:%M}"),
        "controls": Fact(not failed, f"{passed} of {len(controls)} pass", failed),
        "exceptions": Fact(ownerless == 0, "", (f"{ownerless} have none",) if ownerless else ()),
        "soft_close": Fact(not others, f"{found.lines} lines to post", others),
        "prior_period": Fact(
            not approvals, f"{len(found.prior_period)} amounts of earlier months", approvals
        ),
        "flux": flux_fact(at.warehouse, period),
    }


def _as_document(facts: Mapping[str, Fact]) -> dict[str, Any]:
    return {step: asdict(fact) for step, fact in facts.items()}


def keep_facts(at: Settings, period: date, facts: Mapping[str, Fact]) -> None:
    """Keep what is known of a period that is not sealed; the next look replaces it."""
    folder = at.books / SOFT
    folder.mkdir(parents=True, exist_ok=True)
    write_aside(folder / f"{period_name(period)}.facts.json", canonical(_as_document(facts)))


def _facts_in(document: Mapping[str, Any]) -> dict[str, Fact]:
    return {
        step: Fact(fact["is_done"], fact["detail"], tuple(fact["blockers"]))
        for step, fact in document.items()
    }


def checked_detail(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """The facts as the act that records them."""
    return _as_document(facts)


def _after_the_seal(act: Recorded) -> Fact:
    when = f"{act.at[:16].replace('T', ' ')} by {act.by}"
    if act.what == SIGNED:
        return Fact(True, f"{act.detail['role']} {when}")
    if act.what == EXPORTED:
        return Fact(True, f"{act.detail['shape']} {when}")
    return Fact(True, f"{act.detail.get('version', 'made')} {when}")


def recorded_facts(root: Path, period: date) -> tuple[dict[str, Fact], Batch | None]:
    """What was recorded of a period, and the batch that seals it now (None: it is open)."""
    chain = [batch for batch in books.batches(root) if batch.period == period]
    if not chain or chain[-1].kind == "reopen":
        kept = root / SOFT / f"{period_name(period)}.facts.json"
        return (_facts_in(json.loads(kept.read_text())) if kept.exists() else {}), None
    batch = chain[-1]
    facts = {"seal": Fact(True, f"batch {batch.batch_id}, seal {batch.seal[:12]}")}
    for act in acts_of(root, batch):
        if act.what == CHECKED:
            facts |= _facts_in(act.detail)
        elif act.what != RELEASED:
            facts[act.what] = _after_the_seal(act)
    return facts, batch


def checklist_of(root: Path, period: date, today: date) -> list[ChecklistLine]:
    """The checklist of a period from what was recorded, with what is late by ``today``."""
    facts, _ = recorded_facts(root, period)
    return checklist(period, facts, today=today)
