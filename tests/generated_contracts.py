"""Contracts that hypothesis invents, as conformance cases, and the warehouse the production models build from them.

Hypothesis draws many contracts; all of them enter one build, because a build costs more than a contract.
Each case holds the same agreement three times: ``plain``; ``quiet``, amended without changing anything; and
``cut``, whose months are measured once more in the middle.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.conformance.reading import read_suite
from orchestration.conformance.records import Evidence, midnight
from orchestration.conformance.running import scratch_settings
from orchestration.conformance.scratch import build, compile_suite
from orchestration.landing import Landing

# The cut-off lies inside a month, so that this month is measured twice.
AS_OF = date(2026, 8, 17)
LEAP_DAY = date(2024, 2, 29)
PLACES = {"JPY": 0, "USD": 2, "KWD": 3}
PATTERNS = ("ratable_daily", "ratable_monthly", "ratable_second", "point_in_time")
VARIANTS = ("plain", "quiet", "cut")
LONG_NAME = "x" * 38  # with a two-character start an id of 40


@dataclass(frozen=True)
class Promise:
    """One item: how it is recognised, its price and standalone price in minor units, its days."""

    pattern: str
    price: int
    selling_price: int | None
    start: date
    days: int
    quantity: int = 1

    @property
    def end(self) -> date:
        return self.start + timedelta(days=self.days)


@dataclass(frozen=True)
class Agreement:
    """What a generated contract agrees; ``bonus`` becomes known in the middle of the first item."""

    currency: str
    promises: tuple[Promise, ...]
    bonus: int = 0
    is_long_named: bool = False
    method: str = "prospective"

    @property
    def signed(self) -> date:
        return min(promise.start for promise in self.promises)

    @property
    def middle(self) -> date:
        first = self.promises[0]
        return first.start + timedelta(days=max(first.days // 2, 1))

    def name(self, kind: str, number: int) -> str:
        return f"{kind}{number}" + (LONG_NAME if self.is_long_named else "")


PROMISES = st.builds(
    Promise,
    pattern=st.sampled_from(PATTERNS),
    price=st.one_of(st.integers(-(10**6), 10**6), st.integers(0, 10**11), st.just(0)),
    selling_price=st.integers(1, 10**9),
    start=st.one_of(st.just(LEAP_DAY), st.dates(date(2024, 1, 1), date(2026, 6, 30))),
    days=st.one_of(st.just(1), st.integers(1, 800)),
    quantity=st.integers(1, 40),
)
AGREEMENTS = st.builds(
    Agreement,
    currency=st.sampled_from(sorted(PLACES)),
    promises=st.lists(PROMISES, min_size=1, max_size=4).map(tuple),
    bonus=st.integers(-(10**5), 10**5),
    is_long_named=st.booleans(),
    method=st.sampled_from(["prospective", "catch_up"]),
)
# What the issue names is always in the batch, whatever chance draws.
EDGES = (
    Agreement("JPY", (Promise("ratable_daily", 100, None, LEAP_DAY, 1),)),
    Agreement("KWD", (Promise("ratable_daily", -1_001, None, date(2026, 1, 31), 59),), bonus=7),
    Agreement("USD", (Promise("ratable_monthly", 0, None, LEAP_DAY, 366),), is_long_named=True),
    Agreement("USD", (Promise("ratable_daily", 100_003, 100, date(2026, 1, 1), 365),)),
    Agreement(
        "KWD",
        tuple(Promise("ratable_daily", 1, 1, LEAP_DAY, 3 + days) for days in range(3)),
        bonus=-1,
    ),
)


def batch(count: int) -> list[Agreement]:
    """The edges and as many agreements as asked for, drawn by hypothesis."""
    drawn: list[Agreement] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(AGREEMENTS)
    def draw(agreement: Agreement) -> None:
        drawn.append(agreement)

    draw()
    return [*EDGES, *drawn]


def case_of(agreement: Agreement, number: int) -> dict[str, Any]:
    """The conformance case of an agreement: three contracts on the same terms."""

    def money(minor: int) -> str:
        return f"{Decimal(minor).scaleb(-PLACES[agreement.currency]):f}"

    contracts, estimates = [], []
    for variant in VARIANTS:
        name = agreement.name(variant, number)
        items = [
            {
                "id": f"{name}-{place}",
                "product": f"product-{place}",
                "quantity": str(promise.quantity),
                "price": money(promise.price),
                "service": _span(promise.start, promise.end),
            }
            for place, promise in enumerate(agreement.promises)
        ]
        orders: list[dict[str, Any]] = [
            {"id": f"{name}-order", "signed": str(agreement.signed), "items": items}
        ]
        if variant == "quiet" and agreement.promises[0].days > 1:
            end = agreement.promises[0].end
            orders.append(
                {
                    "id": f"{name}-amendment",
                    "type": "amendment",
                    "signed": str(agreement.middle),
                    "amends": f"{name}-order",
                    "method": agreement.method,
                    "items": [
                        {
                            "id": f"{name}-same",
                            "product": "product-0",
                            "changes": f"{name}-0",
                            "quantity": "0",
                            "price": "0",
                            "service": _span(agreement.middle, end),
                        }
                    ],
                }
            )
        changes = {"bonus": agreement.bonus}
        if variant == "cut":
            # Known on one day and gone on it: the price is what it was, but the month is measured there.
            changes |= {"up": 1_000, "down": -1_000}
        estimates += [
            {
                "id": f"{name}-{kind}",
                "contract": name,
                "kind": "bonus",
                "known": str(agreement.middle),
                "amount": money(amount),
                "target": {"items": [f"{name}-0"]},
            }
            for kind, amount in changes.items()
            if amount
        ]
        contracts.append({"id": name, "kind": "platform_seats", "orders": orders})
    plain = agreement.name("plain", number)
    return {
        "format": "1",
        "id": f"g{number}",
        "topic": "generated",
        "title": "A generated agreement",
        "source": {"cites": "hypothesis"},
        "currency": agreement.currency,
        "entities": [{"id": "MAIN", "currency": agreement.currency}],
        "products": [
            {"id": f"product-{place}", "pattern": promise.pattern, "stream": "platform_seats"}
            for place, promise in enumerate(agreement.promises)
        ],
        "selling_prices": [
            {"product": f"product-{place}", "basis": "stated_price"}
            if promise.selling_price is None
            else {"product": f"product-{place}", "amount": money(promise.selling_price)}
            for place, promise in enumerate(agreement.promises)
        ],
        "contracts": contracts,
        "estimates": estimates,
        "invoices": [
            {
                "id": f"{plain}-invoice",
                "issued": str(agreement.signed),
                "lines": [
                    {"id": f"{plain}-line-{place}", "item": f"{plain}-{place}", "amount": money(promise.price)}
                    for place, promise in enumerate(agreement.promises)
                ],
            }
        ],
        "expected": {"exceptions": [{"reason_code": "NONE", "contract": plain}]},
    }  # fmt: skip


def _span(start: date, end: date) -> dict[str, str]:
    return {"from": str(start), "to": str(end)}


@dataclass(frozen=True)
class World:
    """The agreements of a batch and what the models made of them."""

    agreements: tuple[Agreement, ...]
    cases: Path
    warehouse: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def described(self, number: int) -> str:
        """For a failure's message: the agreement that broke the property."""
        return f"agreement {number}: {self.agreements[number]}"


def build_world(
    agreements: list[Agreement], folder: Path, arrange: Callable[[Evidence], Evidence] | None = None
) -> World:
    """One build of all agreements; ``arrange`` may bring their evidence into another order."""
    cases = folder / "cases"
    cases.mkdir(parents=True)
    (cases / "suite.yml").write_text(f"as_of: {AS_OF}\n")
    for number, agreement in enumerate(agreements):
        text = yaml.safe_dump(case_of(agreement, number), sort_keys=False)
        (cases / f"g{number}.yml").write_text(text)
    suite = read_suite(cases)
    evidence = compile_suite(suite)
    scratch = scratch_settings(folder / "home", suite)
    build(arrange(evidence) if arrange else evidence, scratch)
    return World(tuple(agreements), cases, scratch.warehouse)


class Shuffled(Evidence):
    """The same evidence in another order: sources, objects, loads, records and policy rows."""

    def __init__(self, evidence: Evidence, chance: random.Random) -> None:
        super().__init__()
        self._records, self._rows = evidence._records, evidence._rows
        self.chance = chance
        for seed, rows in evidence.policy.items():
            self.policy[seed] = self.mixed(rows)

    def mixed(self, rows: Any) -> list[Any]:
        found = list(rows)
        self.chance.shuffle(found)
        return found

    def land(self, root: Path) -> None:
        landing = Landing(root)
        for source in self.mixed({source for source, *_ in [*self._records, *self._rows]}):
            with landing.writing(source):
                self._land_source(landing, source)

    def _land_source(self, landing: Landing, source: str) -> None:
        for owner, name, entity in self.mixed(self._records):
            records = self.mixed(self._records[owner, name, entity])
            middle = self.chance.randint(0, len(records))
            for part in (records[:middle], records[middle:]):
                if owner == source and part:
                    load = landing.json_load(source, name, entity, "list")
                    for key, known, text in part:
                        load.add(key, midnight(known), False, text)
                    load.commit()
        for owner, name in self.mixed(self._rows):
            if owner == source:
                typed = landing.typed_load(source, name)
                for row in self.mixed(self._rows[owner, name]):
                    typed.add_row(row)
                typed.commit()
