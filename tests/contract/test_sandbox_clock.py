"""The world at an earlier instant: its vendors answer as they would have, its drops hold what was there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from tiny_world import CLOCK, DAY, write_tiny_world

from orchestration.sandbox.clock import ClockError, advance, clock_of, drops_at
from orchestration.sandbox.process import ensure_serving, stop_serving

CREATED = CLOCK - 50 * DAY


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    folder = write_tiny_world(tmp_path / "world")
    yield folder
    stop_serving(folder)


def status_of(url: str) -> str:
    answer = requests.get(
        f"{url}/stripe/v1/invoices/in_long", auth=("sk_test_sandbox_US01", ""), timeout=10
    )
    return str(answer.json().get("status", answer.status_code))


def test_an_invoice_paid_later_is_open_at_an_earlier_clock(world: Path) -> None:
    assert status_of(ensure_serving(world, CREATED - 1)) == "404"
    assert status_of(ensure_serving(world, CREATED + 10)) == "open"
    assert status_of(ensure_serving(world, CREATED + DAY)) == "paid"
    assert status_of(ensure_serving(world)) == "paid"


def test_a_clock_beyond_the_end_is_the_end(world: Path) -> None:
    assert status_of(ensure_serving(world, CLOCK + 10 * DAY)) == "paid"


def test_a_file_is_dropped_when_its_day_or_month_is_over(tmp_path: Path) -> None:
    world = tmp_path / "world"
    names = (
        "metering/2026-02-27/usage-0001.parquet",
        "metering/2026-02-28/usage-0001.parquet",
        "bank/4400001001/2026-02-27-copy.bai2",
        "erp/US01/2026-01/journal.csv",
        "erp/US01/2026-02/journal.csv",
        "fx/2026-01.csv",
    )
    for name in names:
        path = world / "drops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    def shown(clock: datetime) -> set[str]:
        folder = drops_at(world, clock)
        assert {"metering", "bank", "erp", "fx"} <= {path.name for path in folder.iterdir()}
        return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}

    last_day = datetime(2026, 2, 28, tzinfo=UTC)
    assert shown(last_day) == {names[0], names[2], names[3], names[5]}
    assert shown(last_day + timedelta(days=1)) == set(names)
    assert shown(last_day) == {names[0], names[2], names[3], names[5]}
    assert drops_at(world, None) == world / "drops"


def test_time_goes_one_way_and_not_past_the_end(tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    (world / "world.json").write_text('{"end": "2026-07-01"}')
    assert clock_of(world) is None
    march = datetime(2026, 3, 1, tzinfo=UTC)
    advance(world, march)
    assert clock_of(world) == march
    with pytest.raises(ClockError, match="already stands at 2026-03-01"):
        advance(world, march - timedelta(days=1))
    with pytest.raises(ClockError, match="the world ends with 2026-07-01"):
        advance(world, datetime(2026, 7, 2, tzinfo=UTC))
