"""Landing keeps what a source said: once, whole, never changed, and shown by the raw schema."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.landing import Landing, LandingError, Refusal, build_raw, objects
from orchestration.landing.catalogue import sources

MAY, JUNE, JULY = datetime(2026, 5, 1), datetime(2026, 6, 1), datetime(2026, 7, 1)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def land(landing: Landing, *records: tuple[str, datetime, str], via: str = "list") -> str | None:
    with landing.writing("stripe"):
        load = landing.json_load("stripe", "charge", "US01", via)
        for id_, version_at, payload in records:
            load.add(id_, version_at, False, payload)
        load.window = (None, max((record[1] for record in records), default=None))
        return load.commit()


def rows(landing: Landing, query: str) -> list[tuple]:
    warehouse = landing.root.parent / "warehouse" / "tieout.duckdb"
    build_raw(warehouse, landing.root)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


CHARGES = "select _id, _version_at, payload from raw.stripe__charge order by all"


def test_a_landed_record_keeps_its_text_and_gets_its_envelope(landing):
    payload = '{"amount": 0.1000, "z": 1, "a": 12345678901234567890}'
    load_id = land(landing, ("ch_1", JUNE, payload))
    (row,) = rows(landing, "select * exclude (_landed_at) from raw.stripe__charge")
    assert row == ("stripe", "charge", "US01", "ch_1", JUNE, False, load_id, payload)


def test_landing_the_same_again_lands_nothing(landing):
    land(landing, ("ch_1", JUNE, "{}"), ("ch_2", JUNE, "{}"))
    assert land(landing, ("ch_1", JUNE, "{}"), ("ch_2", JUNE, "{}")) is None
    # Seen again a month later and unchanged: nothing new either.
    assert land(landing, ("ch_1", JULY, "{}")) is None
    assert len(rows(landing, CHARGES)) == 2


def test_a_version_is_new_when_it_differs_from_the_one_before_it(landing):
    land(landing, ("ch_1", JUNE, '{"paid":false}'))
    land(landing, ("ch_1", JULY, '{"paid":true}'))
    # An older snapshot that arrives late says something about May, so it is kept.
    land(landing, ("ch_1", MAY, '{"paid":true}'), via="events")
    assert [(at, text) for _, at, text in rows(landing, CHARGES)] == [
        (MAY, '{"paid":true}'),
        (JUNE, '{"paid":false}'),
        (JULY, '{"paid":true}'),
    ]


def test_a_change_that_is_taken_back_is_three_versions(landing):
    for at, text in ((MAY, '{"a":1}'), (JUNE, '{"a":2}'), (JULY, '{"a":1}')):
        land(landing, ("ch_1", at, text))
    assert len(rows(landing, CHARGES)) == 3


def test_records_that_come_twice_in_one_load_land_once(landing):
    land(landing, *[("ch_1", JUNE, "{}"), ("ch_2", JUNE, "{}")] * 3)
    assert len(rows(landing, CHARGES)) == 2


def test_deleting_an_unchanged_record_is_a_new_version(landing):
    land(landing, ("ch_1", JUNE, "{}"))
    with landing.writing("stripe"):
        load = landing.json_load("stripe", "charge", "US01", "events")
        load.add("ch_1", JULY, True, "{}")
        load.commit()
    found = rows(landing, "select _version_at, _deleted from raw.stripe__charge order by 1")
    assert found == [(JUNE, False), (JULY, True)]


def test_a_load_larger_than_a_row_group_keeps_its_order(landing):
    # Three buffers of 5,000: what is staged in pieces reads as one list, repeated rows or not.
    records = [(f"ch_{number:05d}", JUNE, f'{{"n":{number}}}') for number in range(12_345)]
    for repeated in (0, 3):
        apart = Landing(landing.root / str(repeated))
        load_id = land(apart, *records, *records[:repeated])
        part = apart.root / "stripe" / "charge" / str(load_id) / "part-0.parquet"
        assert pq.read_table(part)["_id"].to_pylist() == [record[0] for record in records]


def test_the_load_id_follows_from_the_content(tmp_path):
    records = [("ch_1", JUNE, "{}"), ("ch_2", JUNE, '{"a":1}')]
    first = land(Landing(tmp_path / "one"), *records)
    assert first == land(Landing(tmp_path / "two"), *records)
    assert first != land(Landing(tmp_path / "three"), *records[:1])


def test_the_manifest_seals_every_file_of_its_load(landing):
    load_id = land(landing, ("ch_1", JUNE, "{}"))
    folder = landing.root / "stripe" / "charge" / str(load_id)
    manifest = json.loads((folder / "_manifest.json").read_text())
    sealed = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "_manifest.json"
    }
    assert sealed == found and "part-0.parquet" in sealed
    assert manifest["rows"] == manifest["received"] == 1
    assert manifest["window"] == {"from": None, "to": "2026-06-01T00:00:00"}


def test_nothing_is_visible_before_the_commit_and_an_abandoned_load_never_is(landing):
    with landing.writing("stripe"):
        load = landing.json_load("stripe", "charge", "US01", "list")
        load.add("ch_1", JUNE, False, "{}")
        assert rows(landing, CHARGES) == []
        load.abandon()
    assert rows(landing, CHARGES) == []
    assert list(landing.root.glob("*/*/*")) == []


def test_what_a_killed_pull_staged_is_cleared_by_the_next(landing):
    with landing.writing("stripe"):
        load = landing.json_load("stripe", "charge", "US01", "list")
        load.add("ch_1", JUNE, False, "{}")
        staged = load._folder
        kept = staged.with_name("kept")
        staged.rename(kept)
        (kept / "staged.parquet").write_bytes(b"half a file")
        kept.rename(staged)
    staged.mkdir(parents=True)
    (staged / "staged.parquet").write_bytes(b"half a file")
    assert land(landing, ("ch_1", JUNE, "{}"))
    assert not staged.exists()
    assert len(rows(landing, CHARGES)) == 1


def _pull_slowly(root: str, started, release) -> None:
    with Landing(Path(root)).writing("stripe"):
        started.set()
        release.wait(10)


def test_two_pulls_of_one_source_take_turns(landing):
    context = multiprocessing.get_context("spawn")
    started, release = context.Event(), context.Event()
    other = context.Process(target=_pull_slowly, args=(str(landing.root), started, release))
    other.start()
    assert started.wait(20)
    with landing.writing("bank"):
        pass  # Another source does not wait.
    threading.Timer(0.2, release.set).start()
    with landing.writing("stripe"):
        assert release.is_set()
    other.join(10)
    assert other.exitcode == 0


def test_a_refused_record_is_kept_with_its_reason_and_refused_once(landing):
    refusal = Refusal("RECORD_QUARANTINED", "amount is text", "ch_9", None, JUNE, '{"amount":"x"}')
    for _ in range(2):
        with landing.writing("stripe"):
            load = landing.json_load("stripe", "charge", "US01", "list")
            load.refuse(refusal)
            load.commit()
    found = rows(
        landing,
        "select _source, _object, _entity, _id, reason_code, reason, payload"
        " from raw.landing__quarantine",
    )
    assert found == [
        (
            "stripe",
            "charge",
            "US01",
            "ch_9",
            "RECORD_QUARANTINED",
            "amount is text",
            '{"amount":"x"}',
        )
    ]
    assert rows(landing, "select rows, quarantined from raw.landing__load") == [(0, 1)]


def test_the_watermark_is_the_end_of_the_newest_complete_window(landing):
    assert landing.watermark("stripe", "charge", "US01", "list") is None
    land(landing, ("ch_1", MAY, "{}"))
    land(landing, ("ch_2", JUNE, "{}"))
    land(landing, ("ch_3", JULY, "{}"), via="events")
    assert landing.watermark("stripe", "charge", "US01", "list") == JUNE
    assert landing.watermark("stripe", "charge", "US02", "list") is None


def test_a_failure_shows_until_a_pull_of_the_object_succeeds(landing):
    shown = "select source, object, entity, error from raw.landing__pull_failure"
    failed = {"object": "charge", "entity": "US01", "state": "failed", "error": "no answer"}
    with landing.writing("stripe"):
        landing.record_failures("stripe", [failed])
    assert rows(landing, shown) == [("stripe", "charge", "US01", "no answer")]
    later = Landing(landing.root)
    with later.writing("stripe"):
        later.record_failures("stripe", [{**failed, "state": "recovered"}])
    assert rows(landing, shown) == []
    assert len(list((landing.root / "landing" / "pull_failure").glob("*"))) == 2


def test_an_empty_landing_has_every_raw_view(tmp_path):
    landing = Landing(tmp_path / "landing")
    listed = {
        name
        for (name,) in rows(
            landing, "select view_name from duckdb_views() where schema_name = 'raw'"
        )
    }
    expected = {f"{source}__{name}" for source in sources() for name in objects(source)}
    expected |= {f"landing__{name}" for name in ("load", "file", "quarantine", "pull_failure")}
    assert listed == expected
    counted = " union all ".join(f"select count(*) from raw.{name}" for name in sorted(listed))
    assert set(rows(landing, counted)) == {(0,)}


def test_empty_and_filled_views_have_the_same_columns(landing, tmp_path):
    described = "describe raw.stripe__charge"
    empty = rows(Landing(tmp_path / "empty" / "landing"), described)
    land(landing, ("ch_1", JUNE, "{}"))
    assert rows(landing, described) == empty


def test_a_manifest_that_cannot_be_read_says_which_and_what_to_do(landing):
    load_id = land(landing, ("ch_1", JUNE, "{}"))
    path = landing.root / "stripe" / "charge" / str(load_id) / "_manifest.json"
    path.write_text("{")
    with pytest.raises(LandingError, match="restore it from backup"):
        Landing(landing.root).watermark("stripe", "charge", "US01", "list")


def test_the_raw_schema_waits_for_a_writer_that_a_killed_run_left_behind(tmp_path):
    warehouse = tmp_path / "warehouse" / "tieout.duckdb"
    warehouse.parent.mkdir()
    hold = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True);"
        " time.sleep(2.5); c.close()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", hold, str(warehouse)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None and writer.stdout.readline() == "held\n"
    build_raw(warehouse, tmp_path / "landing")
    assert writer.wait() == 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.stripe__invoice").fetchall() == [(0,)]
