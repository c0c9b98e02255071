"""Faults on request: what goes wrong, at which request, how often.

A fault names the requests it matches (a piece of path and query), lets ``after`` of them pass and
then spoils the next ``times`` (null: all). Counters are plain integers: a run with faults repeats.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

HANG_SECONDS = 60.0
_NAMED = ("timeout", "truncate", "duplicate_page", "expire_token", "api_limit")
_FIELD_FAULTS = ("drop_field", "add_field", "retype_field")


class FaultError(ValueError):
    """A fault request that cannot be understood; the message says what is allowed."""


@dataclass
class Fault:
    """One planned fault with its counters; ``records`` limits a field fault to the first ones."""

    match: str
    kind: str
    field: str | None = None
    account: str | None = None
    after: int = 0
    times: int | None = 1
    records: int | None = None
    seen: int = 0
    fired: int = 0

    @property
    def http_status(self) -> int | None:
        return int(self.kind) if self.kind.isdigit() else None

    def takes(self, target: str, account: str | None) -> bool:
        """Count the request if it matches; true when this one is to be spoilt."""
        if self.match not in target or (self.account and self.account != account):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


def _whole(raw: dict[str, Any], name: str, default: int | None) -> int | None:
    value = raw.get(name, default)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise FaultError(f"{name} must be a whole number of at least 0 or null, not {value!r}")


def parse_fault(raw: Any) -> Fault:
    """One fault from the body of ``POST /_faults``. Errors: FaultError."""
    if not isinstance(raw, dict):
        raise FaultError('send an object such as {"match": "/stripe/v1/invoices", "status": 429}')
    known = {"match", "status", "account", "after", "times", "records"}
    if unknown := sorted(set(raw) - known):
        raise FaultError(f"unknown key {unknown[0]!r}; allowed are {sorted(known)}")
    match, status = raw.get("match"), str(raw.get("status", ""))
    if not isinstance(match, str) or not match:
        raise FaultError("match must be a piece of the path and query, such as /stripe/v1/charges")
    kind, _, field = status.partition(":")
    if kind.isdigit():
        if not 400 <= int(kind) <= 599:
            raise FaultError(f"status {kind} is not an HTTP error status")
    elif kind in _FIELD_FAULTS:
        if not field:
            raise FaultError(f"{kind} needs a field, such as {kind}:amount")
    elif kind not in _NAMED:
        allowed = ", ".join([*_NAMED, *(f"{name}:<field>" for name in _FIELD_FAULTS)])
        raise FaultError(f"status {status!r} is neither a number nor one of {allowed}")
    return Fault(
        match=match,
        kind=kind,
        field=field or None,
        account=raw.get("account"),
        after=_whole(raw, "after", 0) or 0,
        times=_whole(raw, "times", 1),
        records=_whole(raw, "records", None),
    )


class FaultPlan:
    """The faults of one server, in the order they were asked for; the first that fires wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        self._faults.extend(faults)

    def clear(self) -> None:
        self._faults.clear()

    def due(self, target: str, account: str | None) -> Fault | None:
        """The first fault that takes this request; those behind it do not count the request."""
        return next((fault for fault in self._faults if fault.takes(target, account)), None)

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]

    @property
    def is_empty(self) -> bool:
        return not self._faults


def _drop(holder: dict[str, Any], name: str) -> None:
    holder.pop(name, None)


def _add(holder: dict[str, Any], name: str) -> None:
    holder[name] = "a field nobody announced"


def _retype(holder: dict[str, Any], name: str) -> None:
    value = holder.get(name)
    holder[name] = [value] if isinstance(value, str) else "n/a"


_CHANGES: dict[str, Callable[[dict[str, Any], str], None]] = {
    "drop_field": _drop,
    "add_field": _add,
    "retype_field": _retype,
}


def change_fields(body: str, fault: Fault) -> str:
    """The page (or the single record) with the field of its records dropped, added or retyped."""
    page = json.loads(body)
    records = page.get("data", page.get("records"))
    if not isinstance(records, list):
        records = [page]
    *path, name = (fault.field or "").split(".")
    for record in records[: fault.records]:
        holder: Any = record
        for step in path:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            _CHANGES[fault.kind](holder, name)
    return json.dumps(page, separators=(",", ":"))
