"""What every part of the generation is given: parameters, identifiers, policies and the catalogue of defects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .calendars import add_months, month_first, unix
from .defects import Catalogue
from .ids import Ids
from .policies import Policies, load_policies


@dataclass(frozen=True)
class Context:
    """One world being built."""

    seed: int
    size: int
    start: date
    end: date
    ids: Ids
    policies: Policies
    catalogue: Catalogue

    @property
    def clock(self) -> int:
        """The last second of the history."""
        return unix(self.end) - 1

    @property
    def months(self) -> list[date]:
        """Every month the history touches."""
        out = [month_first(self.start)]
        while add_months(out[-1], 1) < self.end:
            out.append(add_months(out[-1], 1))
        return out


def make_context(seed: int, size: int, end: date, months: int, defect_rate: float) -> Context:
    """The context of a build."""
    policies = load_policies()
    return Context(
        seed=seed,
        size=size,
        start=month_first(add_months(end, -months)),
        end=end,
        ids=Ids(seed),
        policies=policies,
        catalogue=Catalogue(size, defect_rate, policies.handoffs),
    )
