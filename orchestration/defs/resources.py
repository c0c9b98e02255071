"""What assets are handed: the settings of this deployment and the dbt command line.

In the sandbox the vendor stand-in must be listening before a client calls, so this is also the
one place that starts it; live deployments never reach that branch.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration import settings as config
from orchestration.settings import (
    DBT_PROJECT,
    Drops,
    SalesforceConfig,
    Settings,
    SettingsError,
    StripeAccount,
)


def connected(settings: Settings) -> Settings:
    """Settings whose addresses answer: in the sandbox, builds the world and starts its server."""
    if settings.env != "sandbox":
        return settings
    from orchestration.sandbox.clock import clock_of, drops_at, last_second
    from orchestration.sandbox.process import ensure_serving
    from orchestration.sandbox.world import build_world, stamp_of

    company: dict[str, Any] = {
        "seed": settings.seed,
        "size": settings.size,
        "end": settings.world_end,
        "months": settings.months,
        "defect_rate": settings.defect_rate,
    }
    _one_company_a_home(settings, stamp_of(**company))
    build_world(settings.sandbox_dir, **company)
    clock = settings.sandbox_clock or clock_of(settings.sandbox_dir)
    base = ensure_serving(settings.sandbox_dir, last_second(clock))
    return replace(
        settings,
        salesforce=SalesforceConfig(
            f"{base}/salesforce", settings.salesforce.client_id, settings.salesforce.client_secret
        ),
        stripe=tuple(
            StripeAccount(account.entity_id, account.api_key, f"{base}/stripe")
            for account in settings.stripe
        ),
        drops=Drops.below(drops_at(settings.sandbox_dir, clock)) if clock else settings.drops,
    )


def drops_now(settings: Settings) -> Drops:
    """The folders in which files arrive: of a sandbox that was advanced, those its clock has reached."""
    if settings.env != "sandbox":
        return settings.drops
    from orchestration.sandbox.clock import clock_of, drops_at

    clock = settings.sandbox_clock or clock_of(settings.sandbox_dir)
    return Drops.below(drops_at(settings.sandbox_dir, clock)) if clock else settings.drops


def _one_company_a_home(settings: Settings, wanted: dict[str, object]) -> None:
    """Evidence of two sandbox companies in one landing would tie to neither, so it is refused."""
    stamp = settings.sandbox_dir / "world.json"
    if not stamp.exists() or not any(settings.landing.glob("*/*/*/_manifest.json")):
        return
    here = json.loads(stamp.read_text())
    if differing := [name for name in wanted if here.get(name) != wanted[name]]:
        raise SettingsError(
            f"{settings.home} holds the evidence of another sandbox company (its "
            f"{', '.join(differing)} differ): run `make clean`, or set TIEOUT_HOME to a new folder"
        )


class TieoutResource(dg.ConfigurableResource):
    """The deployment's settings, read from the environment when a step starts."""

    def settings(self) -> Settings:
        return config.load()

    def connected(self) -> Settings:
        return connected(config.load())


def dbt_resource() -> DbtCliResource:
    return DbtCliResource(
        project_dir=str(DBT_PROJECT),
        profiles_dir=str(DBT_PROJECT),
        # Beside the interpreter: a machine-wide dbt on PATH may be another version.
        dbt_executable=str(Path(sys.executable).with_name("dbt")),
    )
