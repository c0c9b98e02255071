"""The control register as typed objects: read once from ``register.yml`` and checked.

What a control is belongs here; how it is evaluated belongs in ``suites`` and ``runner``, how it is
shown in ``docs``. Imports neither Great Expectations nor Dagster, so reading it costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

REGISTER = Path(__file__).with_name("register.yml")

Stage = Literal["evidence", "books"]
STAGES: tuple[Stage, ...] = ("evidence", "books")
PREFIX: dict[str, str] = {"evidence": "CTL-EV-", "books": "CTL-BK-"}


class RegisterError(ValueError):
    """An entry of the register cannot stand; the message names the control and what to write."""


class TrippedBy(BaseModel):
    """What makes the control fail: reason codes of planted defects, or a fault a test plants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason_codes: tuple[str, ...] = ()
    fault: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> TrippedBy:
        if bool(self.reason_codes) == bool(self.fault):
            raise ValueError("write either reason_codes or fault")
        return self


class Control(BaseModel):
    """One control. ``model`` is the dbt model or raw view it hangs on; ``source`` its system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^CTL-(EV|BK)-\d{2}$")
    title: str
    stage: Stage
    source: str = ""
    model: str
    objective: str
    risk: str
    assertion: Literal["completeness", "accuracy", "cut-off", "existence", "classification"]
    frequency: Literal["every run", "daily", "weekly", "monthly"]
    owner_role: str
    severity: Literal["critical", "warning"]
    blocking: bool
    threshold: str
    limit: int
    evidence: str
    tripped_by: TrippedBy
    query: str = ""
    collect: Literal["", "landed_files", "landed_loads", "mart_rows"] = ""
    expect: tuple[dict[str, Any], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Control:
        if not self.id.startswith(PREFIX[self.stage]):
            raise ValueError(f"the id of a control over {self.stage} starts {PREFIX[self.stage]}")
        if self.blocking and self.severity != "critical":
            raise ValueError("a blocking control is critical")
        if bool(self.query) == bool(self.collect):
            raise ValueError("write either query or collect")
        if self.stage == "evidence" and not self.source:
            raise ValueError("a control over evidence names its source")
        return self

    @property
    def check_name(self) -> str:
        """The name of its Dagster check: the id in Dagster's alphabet."""
        return self.id.lower().replace("-", "_")

    @property
    def trips(self) -> str:
        """What trips it, as a reader of the matrix sees it."""
        return ", ".join(self.tripped_by.reason_codes) or self.tripped_by.fault

    def expectations(self) -> list[dict[str, Any]]:
        """The expectations with ``$limit`` and ``$reason_codes`` filled in."""
        known = {"$limit": self.limit, "$reason_codes": list(self.tripped_by.reason_codes)}
        return [
            {
                name: known.get(value, value) if isinstance(value, str) else value
                for name, value in expectation.items()
            }
            for expectation in self.expect
        ]


@dataclass(frozen=True)
class CheckSpec:
    """What an orchestrator needs to show one control as a check, in its own words."""

    name: str
    control_id: str
    stage: Stage
    source: str
    model: str
    description: str
    severity: Literal["ERROR", "WARN"]
    blocking: bool
    metadata: dict[str, str]


def _control(entry: dict[str, Any]) -> Control:
    name = entry.get("id", entry.get("title", "an entry without id"))
    try:
        threshold = str(entry.get("threshold", "")).format(limit=f"{entry.get('limit', 0):,}")
        return Control.model_validate({**entry, "threshold": threshold})
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise RegisterError(f"{REGISTER.name}: {name}: {error}") from error


def parse_register(text: str) -> tuple[Control, ...]:
    """Controls in the order written. Errors: RegisterError naming the control."""
    controls = tuple(_control(entry) for entry in yaml.safe_load(text))
    seen: set[str] = set()
    for control in controls:
        if control.id in seen:
            raise RegisterError(f"{REGISTER.name}: {control.id} is written twice")
        seen.add(control.id)
    return controls


@cache
def load_register() -> tuple[Control, ...]:
    """The register of this project."""
    return parse_register(REGISTER.read_text(encoding="utf-8"))


def select(stage: str | None = None, ids: Iterable[str] | None = None) -> tuple[Control, ...]:
    """Controls of a stage, or the named ones. Errors: RegisterError for an id nobody wrote."""
    register = load_register()
    wanted = None if ids is None else set(ids)
    if wanted is not None and (unknown := wanted - {control.id for control in register}):
        raise RegisterError(f"no control {', '.join(sorted(unknown))} in {REGISTER.name}")
    return tuple(
        control
        for control in register
        if (stage is None or control.stage == stage) and (wanted is None or control.id in wanted)
    )


def check_specs(stage: str | None = None) -> tuple[CheckSpec, ...]:
    """The register as check specifications, one a control, in register order."""
    return tuple(
        CheckSpec(
            name=control.check_name,
            control_id=control.id,
            stage=control.stage,
            source=control.source,
            model=control.model,
            description=f"{control.id} {control.title}. {control.objective}",
            severity="ERROR" if control.severity == "critical" else "WARN",
            blocking=control.blocking,
            metadata={
                "control": control.id,
                "objective": control.objective,
                "risk": control.risk,
                "assertion": control.assertion,
                "owner role": control.owner_role,
                "severity": control.severity,
                "threshold": control.threshold,
                "tripped by": control.trips,
            },
        )
        for control in select(stage)
    )
