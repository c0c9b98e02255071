"""Settings: one reader, and errors that name the variable and what to write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration.settings import SettingsError, load
from tests.conftest import TIEOUT, home_environment

LIVE = {
    "TIEOUT_ENV": "live",
    "TIEOUT_AS_OF": "2026-07-01T00:00:00Z",
    "TIEOUT_SALESFORCE_URL": "https://example.my.salesforce.com",
    "TIEOUT_SALESFORCE_CLIENT_ID": "id",
    "TIEOUT_SALESFORCE_CLIENT_SECRET": "secret",
    "TIEOUT_STRIPE_KEYS": "US01=rk_live_a,UK01=rk_live_b",
    "TIEOUT_DROPS": "drops",
}


def test_live_differs_from_the_sandbox_by_addresses_and_keys_only():
    live, sandbox = load(LIVE), load({})
    assert [account.entity_id for account in live.stripe] == ["US01", "UK01"]
    assert {account.api_base for account in live.stripe} == {"https://api.stripe.com"}
    assert live.salesforce.instance_url == "https://example.my.salesforce.com"
    assert live.as_of == sandbox.as_of
    assert live.warehouse == sandbox.warehouse


@pytest.mark.parametrize("name", sorted(set(LIVE) - {"TIEOUT_ENV"}))
def test_a_live_setting_that_is_missing_is_named(name: str):
    with pytest.raises(SettingsError, match=name):
        load({key: value for key, value in LIVE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIEOUT_ENV", "production"),
        ("TIEOUT_SIZE", "many"),
        ("TIEOUT_DEFECT_RATE", "often"),
        ("TIEOUT_DEFECT_RATE", "1.5"),
        ("TIEOUT_AS_OF", "yesterday"),
        ("TIEOUT_STRIPE_KEYS", "rk_live_without_entity"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str):
    base = LIVE if name == "TIEOUT_STRIPE_KEYS" else {}
    with pytest.raises(SettingsError, match=name):
        load({**base, name: value})


@pytest.mark.parametrize(
    ("verb", "advice"),
    [("publish", "run `tieout build` first"), ("controls", "run `tieout build` first")],
)
def test_a_verb_out_of_order_says_which_comes_first(tmp_path: Path, verb: str, advice: str):
    done = subprocess.run(
        [TIEOUT, verb], env=home_environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert advice in done.stderr and "Traceback" not in done.stderr


def test_building_on_no_evidence_does_not_say_that_everything_ties(tmp_path: Path):
    done = subprocess.run(
        [TIEOUT, "build"],
        env=home_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run `tieout pull` first" in done.stdout and "everything ties" not in done.stdout
