"""The evidence of many cases, collected as landed records, typed rows and policy rows, and written once.

Ids of a case are prefixed, so that cases share one warehouse and never meet. What a case's terms look like in
the vendors' systems belongs to ``agreements``, ``billing`` and ``flows``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.conformance.case import Case
from orchestration.landing import Landing

SEPARATOR = "__"


class Names:
    """The ids of one case in the shared warehouse."""

    def __init__(self, case: Case) -> None:
        self._prefix = case.id + SEPARATOR

    def __call__(self, name: str) -> str:
        return self._prefix + name


class Evidence:
    """What the sources and the policy seeds of all cases together say."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, str | None], list[tuple[str, date, str]]]
        self._records = defaultdict(list)
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.policy: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def record(self, source: str, name: str, entity: str | None, known: date, body: Any) -> None:
        """A record of an API as its source gave it from a day on."""
        key = body["Id"] if source == "salesforce" else body["id"]
        self._records[source, name, entity].append((key, known, as_json(body)))

    def row(self, source: str, name: str, key: str, known: date, row: Mapping[str, Any]) -> None:
        """A row of a dropped file, known from a day on."""
        envelope = {"_id": key, "_version_at": midnight(known), "_file": f"conformance/{name}"}
        self._rows[source, name].append({**row, **envelope})

    def rule(self, seed: str, **row: Any) -> None:
        """A row of a policy seed."""
        self.policy[seed].append(row)

    def bodies(self) -> Iterable[tuple[str, str, Any]]:
        """Every API record: source, object, body."""
        for (source, name, _), records in self._records.items():
            for _, _, text in records:
                yield source, name, json.loads(text, parse_float=Decimal)

    def land(self, root: Path) -> None:
        """Write every record and row through the landing's own writer."""
        landing = Landing(root)
        sources = {source for source, _, _ in self._records} | {source for source, _ in self._rows}
        for source in sorted(sources):
            with landing.writing(source):
                self._land_source(landing, source)

    def _land_source(self, landing: Landing, source: str) -> None:
        for (owner, name, entity), records in self._records.items():
            if owner == source:
                load = landing.json_load(source, name, entity, "list")
                for key, known, text in sorted(records):
                    load.add(key, midnight(known), False, text)
                load.commit()
        for (owner, name), rows in self._rows.items():
            if owner == source:
                typed = landing.typed_load(source, name)
                for row in rows:
                    typed.add_row(row)
                typed.commit()


def as_json(value: Any) -> str:
    """JSON whose numbers are the decimals they were, digit by digit."""
    if isinstance(value, Mapping):
        members = (f"{json.dumps(key)}:{as_json(part)}" for key, part in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_json(part) for part in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    return json.dumps(value)


def midnight(day: date) -> datetime:
    """The start of a day, UTC, as landing stores instants."""
    return datetime.combine(day, time.min)


def unix(day: date) -> int:
    """The start of a day as Stripe writes instants."""
    return int(datetime.combine(day, time.min, UTC).timestamp())


def instant(day: date) -> str:
    """The start of a day as Salesforce writes instants."""
    return f"{day.isoformat()}T00:00:00.000+0000"
