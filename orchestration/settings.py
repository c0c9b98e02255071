"""The only reader of the environment, and the one place that knows where state lives.

``load()`` answers which world this is (``sandbox`` or ``live``) and everything else derives from it.
All state is below ``TIEOUT_HOME`` (default ``var/``), so deleting that folder is a full reset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DBT_PROJECT = REPOSITORY / "dbt_project"


class SettingsError(ValueError):
    """A setting is missing or unreadable; the message names it and says what to write."""


@dataclass(frozen=True)
class SalesforceConfig:
    """Client-credentials login of one Salesforce org."""

    instance_url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class StripeAccount:
    """One Stripe account a legal entity."""

    entity_id: str
    api_key: str
    api_base: str


@dataclass(frozen=True)
class Drops:
    """Folders in which files arrive: ``metering/``, ``bank/``, ``erp/``, ``fx/``."""

    metering: Path
    bank: Path
    erp: Path
    fx: Path

    @classmethod
    def below(cls, root: Path) -> Drops:
        return cls(root / "metering", root / "bank", root / "erp", root / "fx")


@dataclass(frozen=True)
class Settings:
    """Everything a run needs to know, read once at its start."""

    home: Path
    env: str
    as_of: datetime
    seed: int
    size: int
    months: int
    defect_rate: float
    salesforce: SalesforceConfig
    stripe: tuple[StripeAccount, ...]
    drops: Drops
    # Only in the sandbox: the day its world ends, and how far it has come (None: where it was left).
    world_end: date
    sandbox_clock: datetime | None = None

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        # The stem is constant: DuckDB relation names carry it.
        return self.home / "warehouse" / "tieout.duckdb"

    @property
    def books(self) -> Path:
        return self.home / "books"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def controls(self) -> Path:
        return self.home / "controls"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def sandbox_dir(self) -> Path:
        return self.home / "sandbox"


def _instant(name: str, text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise SettingsError(
            f"{name}={text!r} is not an ISO 8601 instant; write for example 2026-07-01T00:00:00Z"
        ) from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _share(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise SettingsError(f"{name}={text!r} is not a share between 0 and 1")
    return value


def _need(env: Mapping[str, str], name: str, what: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: with TIEOUT_ENV=live it holds {what}")
    return value


def _live_stripe(env: Mapping[str, str]) -> tuple[StripeAccount, ...]:
    text = _need(env, "TIEOUT_STRIPE_KEYS", "one key an entity, as US01=rk_live_…,UK01=rk_live_…")
    base = env.get("TIEOUT_STRIPE_API_BASE", "https://api.stripe.com")
    accounts = []
    for part in text.split(","):
        entity, separator, key = part.strip().partition("=")
        if not separator or not entity or not key:
            raise SettingsError(f"TIEOUT_STRIPE_KEYS: {part!r} is not of the form ENTITY=key")
        accounts.append(StripeAccount(entity, key, base))
    return tuple(accounts)


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Errors: SettingsError naming the variable and what to write."""
    env = os.environ if env is None else env
    home = Path(env.get("TIEOUT_HOME") or REPOSITORY / "var").resolve()
    which = env.get("TIEOUT_ENV", "sandbox")
    numbers = {}
    for name, default, least in (("SEED", 7, 0), ("SIZE", 60, 1), ("MONTHS", 18, 3)):
        text = env.get(f"TIEOUT_{name}", str(default))
        if not text.isdigit() or int(text) < least:
            raise SettingsError(f"TIEOUT_{name}={text!r} is not a whole number of {least} or more")
        numbers[name] = int(text)
    clock: datetime | None = None
    if which == "sandbox":
        stands_at = env.get("TIEOUT_SANDBOX_CLOCK", "")
        clock = _instant("TIEOUT_SANDBOX_CLOCK", stands_at) if stands_at else None
        as_of = _instant("TIEOUT_AS_OF", env.get("TIEOUT_AS_OF", "2026-07-01T00:00:00Z"))
        base = env.get("TIEOUT_SANDBOX_URL", "")
        salesforce = SalesforceConfig(f"{base}/salesforce", "sandbox", "sandbox-secret")
        stripe = tuple(
            StripeAccount(entity, f"sk_test_sandbox_{entity}", f"{base}/stripe")
            for entity in ("US01", "US02", "UK01")
        )
        drops = Drops.below(home / "sandbox" / "drops")
    elif which == "live":
        as_of = _instant("TIEOUT_AS_OF", _need(env, "TIEOUT_AS_OF", "the exclusive cut-off"))
        salesforce = SalesforceConfig(
            _need(env, "TIEOUT_SALESFORCE_URL", "the org's https:// address"),
            _need(env, "TIEOUT_SALESFORCE_CLIENT_ID", "the connected app's consumer key"),
            _need(env, "TIEOUT_SALESFORCE_CLIENT_SECRET", "the connected app's secret"),
        )
        stripe = _live_stripe(env)
        drops = Drops.below(Path(_need(env, "TIEOUT_DROPS", "the folder in which files arrive")))
    else:
        raise SettingsError(f"TIEOUT_ENV={which!r} is neither 'sandbox' nor 'live'")
    return Settings(
        home=home,
        env=which,
        as_of=as_of,
        seed=numbers["SEED"],
        size=numbers["SIZE"],
        months=numbers["MONTHS"],
        defect_rate=_share("TIEOUT_DEFECT_RATE", env.get("TIEOUT_DEFECT_RATE", "0.02")),
        salesforce=salesforce,
        stripe=stripe,
        drops=drops,
        world_end=as_of.date(),
        sandbox_clock=clock,
    )
