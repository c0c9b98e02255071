"""Pulling: every object of every source, new evidence landed, failures recorded, the rest going on.

Children of a record (lines, items, payout contents) land before the list that found them, because
that list's load is what says how far the pull has come. So a kill at any point loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orchestration.landing import Input, Landing, Load, Refusal, objects
from orchestration.settings import Settings, StripeAccount
from orchestration.sources import currencies, erp, fx, metering, stripe
from orchestration.sources.bank import drop as bank_drop
from orchestration.sources.drops import Arrival, FileRefusedError, Reading, listing, unseen
from orchestration.sources.failures import Patience, SourceError
from orchestration.sources.json_text import BrokenJsonError
from orchestration.sources.records import Found, Window
from orchestration.sources.salesforce import SalesforceReader
from orchestration.sources.shapes import SHAPES
from orchestration.sources.stripe import EVENTS, EVENTS_KEPT, FEEDS, Feed, StripeReader

LOG = logging.getLogger(__name__)
# The vendor's server and this process share few cores: more threads only wait for each other.
STRIPE_THREADS = 4


@dataclass(frozen=True)
class PullResult:
    """What one pull of one object landed, or why it did not."""

    source: str
    object: str
    entity: str | None
    rows: int
    load_id: str | None = None
    error: str | None = None
    action: str | None = None
    record: str | None = None


def pull(
    settings: Settings,
    sources: Sequence[str] | None = None,
    *,
    patience: Patience | None = None,
) -> list[PullResult]:
    """Land what is new at the named sources (default: all). Only a spoilt landing raises."""
    unknown = [name for name in sources or () if name not in PULLS]
    if unknown:
        raise ValueError(f"no source {unknown[0]!r}; there are {', '.join(PULLS)}")
    results: list[PullResult] = []
    for source in PULLS:
        if sources and source not in sources:
            continue
        landing = Landing(settings.landing)
        with landing.writing(source):
            found = PULLS[source](settings, landing, patience or Patience())
            _record_failures(landing, source, found)
        rows = sum(result.rows for result in found)
        failed = sum(1 for result in found if result.error)
        LOG.info("%s: %d new rows%s", source, rows, f", {failed} objects failed" if failed else "")
        results += found
    return results


def _record_failures(landing: Landing, source: str, results: list[PullResult]) -> None:
    """Append failures that are new and recoveries of old ones, so a repeated failure is one row."""
    known = landing.outstanding_failures(source)
    failed = {(r.object, r.entity): r for r in results if r.error}
    rows = [
        {
            "object": result.object,
            "entity": result.entity,
            "state": "failed",
            "record": result.record,
            "error": result.error,
            "action": result.action,
        }
        for key, result in failed.items()
        if known.get(key) != result.error
    ]
    attempted = {(result.object, result.entity) for result in results}
    rows += [
        {"object": name, "entity": entity, "state": "recovered", "error": error}
        for (name, entity), error in known.items()
        if (name, entity) in attempted and (name, entity) not in failed
    ]
    landing.record_failures(source, rows)


def _failure(error: SourceError, source: str, name: str, entity: str | None) -> PullResult:
    LOG.error("%s", error)
    return PullResult(source, name, entity, 0, None, str(error), error.action, error.record)


# ------------------------------------------------------------------------------------ APIs
def _land(
    landing: Landing,
    source: str,
    holder: str,
    entity: str | None,
    via: str,
    window: Window,
    records: Iterator[Found],
    children: Iterable[str] = (),
) -> list[PullResult]:
    """Read one list to its end and land it, its children first; or land nothing of it."""
    loads = {holder: landing.json_load(source, holder, entity, via)}
    try:
        for found in records:
            load = loads.get(found.object)
            if load is None:
                load = loads[found.object] = landing.json_load(source, found.object, entity, via)
            _take(load, found)
    except (SourceError, BrokenJsonError) as error:
        for load in loads.values():
            load.abandon()
        if not isinstance(error, SourceError):
            error = SourceError(source, holder, str(error), "Pull again", entity=entity)
        return [
            _failure(error, source, name, entity) for name in dict.fromkeys((holder, *children))
        ]
    loads[holder].drift |= {f"without {name}" for name in window.absent}
    results = []
    for name in [*(name for name in loads if name != holder), holder]:
        load = loads[name]
        load.window = (window.since, window.until)
        load_id = load.commit(marks_progress=name == holder)
        if load.rows:
            LOG.info("%s %s %s: %d rows (%s)", source, name, entity or "", load.rows, via)
        results.append(PullResult(source, name, entity, load.rows if load_id else 0, load_id))
    return results


def _take(load: Load, found: Found) -> None:
    """One record into its load, or into quarantine when its shape is not the frozen one."""
    shape = SHAPES[load.source, found.object]
    problem = shape.problem(found.record)
    if problem is None and (found.id is None or found.version_at is None):
        problem = "the record has no id" if found.id is None else "the record has no readable date"
    if problem is not None or found.id is None or found.version_at is None:
        name = f"{load.source}:{found.object}:{found.id or '?'}"
        reason = f"{name}: {problem}; correct it at the source or adapt the shape of {found.object}"
        load.refuse(
            Refusal("RECORD_QUARANTINED", reason, found.id, None, found.version_at, found.text)
        )
        return
    load.drift |= shape.new_fields(found.record)
    load.add(found.id, found.version_at, found.deleted, found.text)


def _pull_salesforce(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    reader = SalesforceReader(settings.salesforce, patience)
    results: list[PullResult] = []
    for name in objects("salesforce"):
        window = Window(landing.watermark("salesforce", name, None, "query"))
        records = reader.read(name, window)
        results += _land(landing, "salesforce", name, None, "query", window, records)
    return results


def _pull_stripe(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    """Events before lists, so a list lands only what the snapshots have not said already.

    When the last pull is further back than events are kept, changes may be missing from the feed:
    then every list is read in full, and the events only count once that has worked.
    """
    with ThreadPoolExecutor(STRIPE_THREADS, thread_name_prefix="stripe") as pool:

        def all_of(jobs: Iterable[tuple[StripeAccount, Feed, bool]]) -> list[PullResult]:
            waiting = [
                pool.submit(_pull_feed, landing, account, feed, patience, full=full)
                for account, feed, full in jobs
            ]
            return [result for one in waiting for result in one.result()]

        gaps = {
            account.entity_id: _has_gap(landing, account, patience) for account in settings.stripe
        }
        steady = [a for a in settings.stripe if not gaps[a.entity_id]]
        late = [a for a in settings.stripe if gaps[a.entity_id]]
        results = all_of((account, EVENTS, False) for account in steady)
        lists = all_of(
            (account, feed, account in late) for feed in FEEDS for account in settings.stripe
        )
        results += lists
        broken = {result.entity for result in lists if result.error}
        results += all_of(
            (account, EVENTS, False) for account in late if account.entity_id not in broken
        )
    return results


def _has_gap(landing: Landing, account: StripeAccount, patience: Patience) -> bool:
    since = landing.watermark("stripe", stripe.EVENT, account.entity_id, "events")
    if since is None:
        return False
    try:
        return StripeReader(account, patience).clock() - since > EVENTS_KEPT
    except SourceError:
        return False  # The events themselves will fail in the same way, and say so.


def _pull_feed(
    landing: Landing, account: StripeAccount, feed: Feed, patience: Patience, *, full: bool
) -> list[PullResult]:
    entity = account.entity_id
    via = "events" if feed.object == stripe.EVENT else "list"
    since = None if full else landing.watermark("stripe", feed.object, entity, via)
    marks = (landing.watermark("stripe", one.object, entity, "list") for one in FEEDS)
    window = Window(since, follows=any(marks) if feed is EVENTS else since is not None)
    records = StripeReader(account, patience).read(feed, window)
    return _land(landing, "stripe", feed.object, entity, via, window, records, feed.children)


# ----------------------------------------------------------------------------------- files
FileReader = Callable[[Arrival], Reading]


def _pull_files(
    landing: Landing,
    source: str,
    folder: Path,
    read_file: FileReader,
    feeds: Callable[[Arrival], Sequence[str]],
    *,
    keep_original: bool = False,
) -> list[PullResult]:
    """Land the new files of a drop: one load an object, whatever the number of files."""
    names = objects(source)
    try:
        arrivals = listing(source, folder)
    except SourceError as error:
        return [_failure(error, source, name, None) for name in names]
    # The first object is the one whose load keeps originals and refusals; it is committed last.
    new = {
        name: {
            arrival: copied
            for arrival, copied in unseen(
                [a for a in arrivals if name in feeds(a)], landing.known_files(source, name)
            )
        }
        for name in names
    }
    loads = {name: landing.typed_load(source, name) for name in names}
    for arrival in arrivals:
        copies = {name: new[name][arrival] for name in names if arrival in new[name]}
        if copies:
            _take_file(arrival, copies, loads, read_file, feeds(arrival)[0], keep_original)
    results = []
    for name in reversed(names):
        load = loads[name]
        load_id = load.commit()
        results.append(PullResult(source, name, None, load.rows if load_id else 0, load_id))
    return results[::-1]


def _take_file(
    arrival: Arrival,
    copies: dict[str, str | None],
    loads: dict[str, Load],
    read_file: FileReader,
    keeper: str,
    keep_original: bool,
) -> None:
    def note(name: str, rows: int, status: str, code: str | None, reason: str | None) -> None:
        days = (reading.first_day, reading.last_day) if reading else (None, None)
        loads[name].inputs.append(
            Input(
                arrival.file,
                arrival.sha256,
                arrival.size_bytes,
                rows,
                status,
                *days,
                reason_code=code,
                reason=reason,
            )
        )

    reading: Reading | None = None
    refused: FileRefusedError | None = None
    try:
        reading = read_file(arrival)
    except FileRefusedError as error:
        refused = error
    for name, copied in copies.items():
        if reading and not any(reading.rows.values()):
            copied = None  # Files without rows are alike: one is no copy of another.
        load = loads[name]
        if keep_original and name == keeper:
            load.keep_original(arrival.file, arrival.path)
        if copied:
            note(name, 0, "duplicate", "FILE_DUPLICATED", f"the same as {copied}")
        elif refused is not None:
            reason = f"{arrival.file}: {refused}; ask for the file again"
            note(name, 0, "quarantined", refused.reason_code, reason)
            if name == keeper:
                load.refuse(Refusal(refused.reason_code, reason, file=arrival.file))
        elif reading is not None:
            rows = reading.rows[name]
            for row in rows:
                load.add_row(row)
            for total, value in reading.controls.items():
                load.controls[total] = load.controls.get(total, 0) + value
            if name == keeper:
                for refusal in reading.refusals:
                    load.refuse(refusal)
            note(name, len(rows), "read", None, None)


def _pull_bank(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    known = currencies.exponents()
    return _pull_files(
        landing,
        "bank",
        settings.drops.bank,
        lambda arrival: bank_drop.read_file(arrival, known),
        lambda arrival: ("statement", "transaction"),
        keep_original=True,
    )


def _pull_erp(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    known = currencies.exponents()
    return _pull_files(
        landing,
        "erp",
        settings.drops.erp,
        lambda arrival: erp.read_file(arrival, known),
        lambda arrival: (erp.object_of(arrival) or "trial_balance",),
    )


def _pull_fx(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    known = currencies.exponents()
    return _pull_files(
        landing,
        "fx",
        settings.drops.fx,
        lambda arrival: fx.read_file(arrival, known),
        lambda arrival: ("rate",),
    )


def _pull_metering(settings: Settings, landing: Landing, patience: Patience) -> list[PullResult]:
    source, name = "metering", "usage_event"
    try:
        arrivals = listing(source, settings.drops.metering)
    except SourceError as error:
        return [_failure(error, source, name, None)]
    delivery = metering.deliver(unseen(arrivals, landing.known_files(source, name)))
    load = landing.typed_load(source, name)
    load.inputs = delivery.inputs
    load.drift = delivery.drift
    if delivery.inputs:
        load.controls = {"quantity": str(delivery.quantity)}
    for refusal in delivery.refusals:
        load.refuse(refusal)
    for part, select in delivery.parts.items():
        load.add_part(part, select)
    load_id = load.commit()
    return [PullResult(source, name, None, load.rows if load_id else 0, load_id)]


PULLS: dict[str, Callable[[Settings, Landing, Patience], list[PullResult]]] = {
    "salesforce": _pull_salesforce,
    "stripe": _pull_stripe,
    "metering": _pull_metering,
    "bank": _pull_bank,
    "erp": _pull_erp,
    "fx": _pull_fx,
}
