"""Schedules are off until switched on; drop sensors start one run a drop, tested with real ticks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.sandbox.clock import advance
from tests.conftest import ROOT


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    monkeypatch.setenv("TIEOUT_HOME", str(ROOT / "var" / "tests"))
    from orchestration.definitions import defs

    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path))
    return defs


def tick(defs: dg.Definitions, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    sensor = next(s for s in defs.sensors or [] if s.name == "metering_drops")
    context = dg.build_sensor_context(cursor=cursor)
    return sensor(context)  # type: ignore[operator]


def test_a_dropped_file_starts_one_run_and_a_second_look_starts_none(
    loaded: dg.Definitions, tmp_path: Path
):
    assert isinstance(tick(loaded, None), dg.SkipReason)
    drop = tmp_path / "sandbox" / "drops" / "metering" / "2026-07-01" / "usage-0001.parquet"
    drop.parent.mkdir(parents=True)
    drop.write_bytes(b"one")
    first = tick(loaded, None)
    assert isinstance(first, dg.SensorResult)
    assert len(first.run_requests or []) == 1
    assert isinstance(tick(loaded, first.cursor), dg.SkipReason)
    (drop.parent / "usage-0002.parquet").write_bytes(b"two")
    second = tick(loaded, first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert second.run_requests[0].run_key != first.run_requests[0].run_key


def test_a_sensor_sees_only_what_an_advanced_sandbox_has_reached(
    loaded: dg.Definitions, tmp_path: Path
):
    sandbox = tmp_path / "sandbox"
    for day in ("2026-05-30", "2026-06-30"):
        drop = sandbox / "drops" / "metering" / day / "usage-0001.parquet"
        drop.parent.mkdir(parents=True)
        drop.write_bytes(day.encode())
    advance(sandbox, datetime(2026, 5, 30, tzinfo=UTC))
    # A day's file is there once the day is over.
    assert isinstance(tick(loaded, None), dg.SkipReason)
    advance(sandbox, datetime(2026, 6, 1, tzinfo=UTC))
    first = tick(loaded, None)
    assert isinstance(first, dg.SensorResult) and len(first.run_requests or []) == 1
    advance(sandbox, datetime(2026, 6, 30, tzinfo=UTC))
    assert isinstance(tick(loaded, first.cursor), dg.SkipReason)
    advance(sandbox, datetime(2026, 7, 1, tzinfo=UTC))
    assert isinstance(tick(loaded, first.cursor), dg.SensorResult)


def test_schedules_and_sensors_are_off_until_somebody_switches_them_on(loaded: dg.Definitions):
    assert loaded.schedules and loaded.sensors
    assert {s.default_status for s in loaded.schedules} == {dg.DefaultScheduleStatus.STOPPED}
    assert {s.default_status for s in loaded.sensors} == {dg.DefaultSensorStatus.STOPPED}


def test_everything_that_writes_the_warehouse_shares_the_one_slot_pool(loaded: dg.Definitions):
    graph = loaded.resolve_asset_graph()
    pools = {
        node.assets_def.op.name: node.assets_def.op.pool
        for key in graph.materializable_asset_keys
        if (node := graph.get(key)) and not node.assets_def.op.name.startswith("pull_")
    }
    assert pools and set(pools.values()) == {"warehouse"}


def test_every_asset_says_what_it_is_and_who_owns_it(loaded: dg.Definitions):
    graph = loaded.resolve_asset_graph()
    silent = [
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if not graph.get(key).description
        or not graph.get(key).owners
        or not graph.get(key).group_name
        or not graph.get(key).kinds
    ]
    assert not silent


def test_every_dbt_source_is_an_asset_that_a_pull_lands(loaded: dg.Definitions):
    graph = loaded.resolve_asset_graph()
    orphans = [
        key.to_user_string()
        for key in graph.external_asset_keys
        if key.path[0] == "raw" and not key.path[1].startswith("landing__")
    ]
    assert not orphans
