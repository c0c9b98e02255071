"""Compares what a case expects with what the models say, figure by figure.

Every section of ``expected`` has one function here; accounts have ``accounts``. A figure agrees when it is within
half of the unit its source rounded to; without one it must agree to the minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.conformance.case import Case
from orchestration.conformance.expected import ExpectedException, ExpectedRevenue
from orchestration.conformance.measured import GapError, Measured
from orchestration.conformance.records import Names
from orchestration.conformance.values import exponent, period_bounds

Owner = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One figure that does not agree, in major units; ``found`` is text where there is no figure."""

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}"


class Figures:
    """Counts and compares the figures of one case."""

    def __init__(self, case: Case) -> None:
        self.case, self.name = case, Names(case)
        self.count = 0

    def check(
        self, what: str, expected: Decimal, found_minor: int, currency: str | None = None
    ) -> Iterator[Difference]:
        """The difference, if there is one."""
        self.count += 1
        scale = exponent(currency or self.case.currency)
        unit = self.case.expected.rounded_to
        tolerance = unit.scaleb(scale) / 2 if unit else Decimal(0)
        if abs(Decimal(found_minor) - expected.scaleb(scale)) > tolerance:
            found = Decimal(found_minor).scaleb(-scale)
            yield Difference(what, f"{expected:,f}", f"{found:,f}")

    def is_own(self, key: Any) -> bool:
        """Whether a key of the warehouse belongs to this case."""
        return isinstance(key, str) and key.startswith(self.name(""))


class Comparison:
    """One case against the warehouse: everything but its accounts."""

    def __init__(self, figures: Figures, measured: Measured) -> None:
        self.case, self.name = figures.case, figures.name
        self.figures, self.measured = figures, measured

    def sections(self) -> dict[str, Callable[[], Iterator[Difference]]]:
        return {
            "prices": self._prices,
            "allocations": self._allocations,
            "modifications": self._modifications,
            "revenue": self._revenue,
            "catch-up": self._catch_up,
            "waterfall": self._waterfall,
            "drawdowns": self._drawdowns,
            "charges": self._charges,
            "rated": self._rated,
            "financing": self._financing,
            "remaining_obligations": self._remaining_obligations,
            "exceptions": self._exceptions,
        }

    def _currency(self, contract: str | None) -> str:
        owners = {row.id: self.case.currency_of(row) for row in self.case.contracts}
        return owners.get(contract or "", self.case.currency)

    def _item_currency(self, item: str | None) -> str:
        owners = {row.id: self.case.currency_of(contract) for contract, _, row in self.case.items()}
        return owners.get(item or "", self.case.currency)

    def _prices(self) -> Iterator[Difference]:
        for row in self.case.expected.prices:
            contract = self.name(row.contract)
            instants = [key[1] for key, _ in self.measured.rows("prices") if key[0] == contract]
            when = period_bounds(row.at)[1] if row.at else max(instants, default=None)
            for index, part in enumerate(("total", "fixed", "variable")):
                amount = getattr(row, part)
                if amount is not None:
                    wanted = {"contract_id": contract, "measured_to": when}
                    found = self.measured.total("prices", wanted, index)
                    what = f"{part} price of {row.contract}" + (f" at {row.at}" if row.at else "")
                    yield from self.figures.check(what, amount, found, self._currency(row.contract))

    def _allocations(self) -> Iterator[Difference]:
        known = {key[0] for key, _ in self.measured.rows("allocations")}
        for row in self.case.expected.allocations:
            obligation = self.name(row.item or row.option or "")
            what = f"allocation of {row.item or row.option}"
            if obligation not in known:
                yield Difference(what, f"{row.amount:,f}", "no such obligation")
            else:
                found = self.measured.total("allocations", {"obligation_id": obligation})
                currency = self._item_currency(row.item)
                yield from self.figures.check(what, row.amount, found, currency)

    def _modifications(self) -> Iterator[Difference]:
        for row in self.case.expected.modifications:
            self.figures.count += 1
            found = self.measured.methods.get(self.name(row.order), "no such version")
            if found != row.method:
                yield Difference(f"modification {row.order}", row.method, found)

    def _revenue(self) -> Iterator[Difference]:
        for row in self.case.expected.revenue:
            what, owner, currency = self._revenue_owner(row)
            value = 1 if row.measure == "net" else 0
            wanted = [
                *((f"{what} in {p}", within(p), a) for p, a in row.recognised.items()),
                *((f"{what} to the end of {p}", until(p), a) for p, a in row.to_date.items()),
            ]
            if row.nothing_else:
                elsewhere = outside(row.recognised)
                months = {
                    key[3]
                    for key, _ in self.measured.rows("revenue")
                    if self.figures.is_own(key[2]) and elsewhere(key[3])
                }
                wanted += [
                    (f"{what} in {month:%Y-%m}", exactly(month), Decimal(0))
                    for month in sorted(months)
                ]
            for label, periods, amount in wanted:
                found = self.measured.total("revenue", {**owner, "period": periods}, value)
                yield from self.figures.check(label, amount, found, currency)
            for at, amount in row.remaining.items():
                found = self._remaining_at(period_bounds(at)[1], owner)
                label = f"remaining of {what} after {at}"
                yield from self.figures.check(label, amount, found, currency)

    def _catch_up(self) -> Iterator[Difference]:
        for row in self.case.expected.revenue:
            what, owner, currency = self._revenue_owner(row)
            for period, amount in row.catch_up.items():
                found = self.measured.total("catch_up", {**owner, "period": within(period)})
                label = f"catch-up in {what} in {period}"
                yield from self.figures.check(label, amount, found, currency)

    def _revenue_owner(self, row: ExpectedRevenue) -> tuple[str, Owner, str]:
        """What a row of revenue is about: in words, as keys of the schedule, and its currency."""
        what = f"revenue of {row.item or row.option or row.contract or 'the case'}"
        local = row.item or row.option
        owner: Owner = {
            "obligation_id": self.name(local) if local else None,
            "contract_id": self.name(row.contract) if row.contract else None,
            "entity_id": self.figures.is_own,
        }
        currency = self._item_currency(row.item) if row.item else self._currency(row.contract)
        return what, owner, currency

    def _remaining_at(self, end: date, owner: Owner) -> int:
        """What is left of each obligation at its last measurement up to an instant."""
        last: dict[str, tuple[date, int]] = {}
        for (obligation, contract, entity, measured_to), values in self.measured.rows("remaining"):
            fits = (
                owner["obligation_id"] in (None, obligation)
                and owner["contract_id"] in (None, contract)
                and self.figures.is_own(entity)
            )
            if fits and measured_to <= end:
                state = (measured_to, values[0])
                last[obligation] = max(last.get(obligation, state), state)
        return sum(amount for _, amount in last.values())

    def _waterfall(self) -> Iterator[Difference]:
        for row in self.case.expected.waterfall:
            owner = {
                "entity_id": self.figures.is_own,
                "booked_period": period_bounds(row.booked)[0],
            }
            everything = self.measured.total("waterfall", owner)
            for period, amount in row.recognised.items():
                wanted = {**owner, "recognised_period": within(period)}
                found = self.measured.total("waterfall", wanted)
                what = f"booked {row.booked}, recognised {period}"
                yield from self.figures.check(what, amount, found)
            for at, amount in row.remaining.items():
                wanted = {**owner, "recognised_period": until(at)}
                left = everything - self.measured.total("waterfall", wanted)
                what = f"booked {row.booked}, remaining after {at}"
                yield from self.figures.check(what, amount, left)

    def _drawdowns(self) -> Iterator[Difference]:
        for row in self.case.expected.drawdowns:
            pool = self.name(row.item) if row.item else f"credgr_{self.name(row.grant or '')}"
            label = row.item or row.grant
            size = self.measured.total("pools", {"pool_id": pool})
            for day, amount in (row.drawn or {}).items():
                found = self._drawn(pool, day)
                yield from self.figures.check(f"drawn from {label} by {day}", amount, found)
            for day, amount in (row.left or {}).items():
                found = size - self._drawn(pool, day)
                yield from self.figures.check(f"left of {label} on {day}", amount, found)

    def _drawn(self, pool: str, day: date) -> int:
        def by_then(used: date) -> bool:
            return used <= day

        return self.measured.total("drawn", {"pool_id": pool, "usage_date": by_then})

    def _charges(self) -> Iterator[Difference]:
        readings = {"price": "plan", "usage": "usage_charges", "true_up": "true_ups"}
        for row in self.case.expected.charges:
            for period, amount in row.amounts.items():
                wanted = {"obligation_id": self.name(row.item), "period": within(period)}
                found = self.measured.total(readings[row.kind], wanted)
                what = f"{row.kind} of {row.item} in {period}"
                yield from self.figures.check(what, amount, found, self._item_currency(row.item))

    def _rated(self) -> Iterator[Difference]:
        for row in self.case.expected.rated:
            for day, amount in row.amounts.items():
                wanted = {"obligation_id": self.name(row.item), "usage_date": day}
                found = self.measured.total("rated", wanted)
                what = f"usage of {row.item} on {day}"
                yield from self.figures.check(what, amount, found, self._item_currency(row.item))

    def _financing(self) -> Iterator[Difference]:
        for row in self.case.expected.financing:
            for period, amount in row.interest.items():
                wanted = {"obligation_id": self.name(row.item), "period": within(period)}
                found = self.measured.total("financing", wanted)
                what = f"interest of {row.item} in {period}"
                yield from self.figures.check(what, amount, found, self._item_currency(row.item))

    def _remaining_obligations(self) -> Iterator[Difference]:
        for row in self.case.expected.remaining_obligations:
            owner: Owner = {
                "contract_id": self.name(row.contract) if row.contract else None,
                "entity_id": self.figures.is_own,
            }
            what = f"remaining obligations of {row.contract or 'the case'}"
            wanted = [(f"{what} in {p}", within(p), amount) for p, amount in row.bands.items()]
            if row.total is not None:
                wanted.append((what, anything, row.total))
            for label, periods, amount in wanted:
                found = self.measured.total("remaining_obligations", {**owner, "period": periods})
                yield from self.figures.check(label, amount, found, self._currency(row.contract))

    def _exceptions(self) -> Iterator[Difference]:
        kinds = {
            "contract": "salesforce:contract:",
            "order": "salesforce:order:",
            "item": "salesforce:order_item:",
            "invoice": "stripe:invoice:",
        }
        for row in self.case.expected.exceptions:
            for kind, prefix in kinds.items():
                local = getattr(row, kind)
                if local is None:
                    continue
                yield from self._exception(row, f"{kind} {local}", prefix + self.name(local))
            if row.contract and row.on_hold is not None:
                self.figures.count += 1
                held = self.measured.holds.get(self.name(row.contract))
                if (held is not None) != row.on_hold:
                    wanted = "on hold" if row.on_hold else "not on hold"
                    yield Difference(f"contract {row.contract}", wanted, held or "not on hold")

    def _exception(
        self, row: ExpectedException, subject: str, reference: str
    ) -> Iterator[Difference]:
        """One reason code on one reference, with the amount and the words that go with it."""
        self.figures.count += 1
        what = f"exception on {subject}"
        known = self.measured.exceptions
        if (row.reason_code, reference) not in known:
            said = sorted(code for code, ref in known if ref == reference)
            yield Difference(what, row.reason_code, ", ".join(said) or "nothing")
            return
        amount, details = known[row.reason_code, reference]
        if row.amount is not None:
            currency = self._currency(row.contract)
            yield from self.figures.check(f"amount of {what}", row.amount, amount, currency)
        if row.reason and not any(row.reason in detail for detail in details):
            yield Difference(f"reason of {what}", row.reason, "; ".join(details))


def differences(
    sections: Mapping[str, Callable[[], Iterator[Difference]]],
) -> Iterator[Difference]:
    """Every figure that does not agree; what the models do not have is one difference a section."""
    for name, compare in sections.items():
        try:
            yield from compare()
        except GapError as gap:
            yield Difference(name, "figures", str(gap))


def within(period: str) -> Callable[[date], bool]:
    """Whether a month lies in a period."""
    first, end = period_bounds(period)
    return lambda month: first <= month < end


def until(period: str) -> Callable[[date], bool]:
    """Whether a month lies before the end of a period."""
    end = period_bounds(period)[1]
    return lambda month: month < end


def anything(_: date) -> bool:
    """Every month."""
    return True


def exactly(wanted: date) -> Callable[[date], bool]:
    """Whether a month is this one."""
    return lambda month: month == wanted


def outside(listed: Mapping[str, Any]) -> Callable[[date], bool]:
    """Whether a month lies in none of the periods."""
    bounds = [period_bounds(period) for period in listed]
    return lambda month: not any(first <= month < end for first, end in bounds)
