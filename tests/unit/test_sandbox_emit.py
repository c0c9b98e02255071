"""Further days of metering: new events, the same shape, nothing written over."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.sandbox.emit import emit_days
from orchestration.sandbox.world import build_world


def test_a_further_day_brings_new_events_of_the_same_shape(tmp_path: Path):
    world = tmp_path / "world"
    build_world(world, seed=7, size=20, end=date(2026, 7, 1), months=18, defect_rate=0.0)
    before = sorted((world / "drops" / "metering").rglob("*.parquet"))
    dropped = emit_days(world, 2)
    newest = date.fromisoformat(before[-1].parent.name)
    assert [path.parent.name for path in dropped] == [
        (newest + timedelta(days=1)).isoformat(),
        (newest + timedelta(days=2)).isoformat(),
    ]
    assert not set(dropped) & set(before)
    ids = [
        {
            row[0]
            for row in duckdb.execute(
                "select event_id from read_parquet(?)", [str(path)]
            ).fetchall()
        }
        for path in (before[-1], *dropped)
    ]
    assert all(ids) and not ids[0] & ids[1] and not ids[1] & ids[2]
    columns = [
        duckdb.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
        for path in (before[-1], dropped[0])
    ]
    assert columns[0] == columns[1]


def test_without_a_world_the_error_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="tieout sandbox serve"):
        emit_days(tmp_path, 1)
