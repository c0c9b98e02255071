"""Further days of metering after the world's end, as a running platform would drop them.

Each day repeats the last one that the world holds, under new event ids: enough to watch a sensor
start a run. The cut-off lies before them, so they change no figure until it is moved.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb

SHIFTED = """
    copy (
        select
            'evt_' || md5(event_id || '{day}') as event_id,
            * exclude (event_id) replace (
                event_at + interval {shift} day as event_at,
                ingested_at + interval {shift} day as ingested_at
            )
        from read_parquet('{last}')
        order by event_id
    ) to '{part}' (format parquet)
"""


def emit_days(world_dir: Path, days: int) -> list[Path]:
    """Drop the next days' files; returns them. Errors: FileNotFoundError without a world."""
    drop = world_dir / "drops" / "metering"
    if not drop.is_dir():
        raise FileNotFoundError(f"no world in {world_dir}: run `tieout sandbox serve` first")
    dropped = []
    for _ in range(days):
        newest = max(folder for folder in drop.iterdir() if folder.is_dir())
        last = sorted(newest.glob("*.parquet"))[0]
        day = date.fromisoformat(newest.name) + timedelta(days=1)
        target = drop / day.isoformat() / "usage-0001.parquet"
        target.parent.mkdir()
        part = target.with_suffix(".part")
        duckdb.execute(SHIFTED.format(day=day, shift=1, last=last, part=part))
        os.replace(part, target)
        dropped.append(target)
    return dropped
