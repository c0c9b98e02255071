"""Publishing: the same marts give the same bytes, readers are left alone, a kill leaves the old."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration import publish as publishing
from orchestration.publish import PublishError, publish
from orchestration.settings import Settings
from tests.unit.small_books import change, settings_at, write_books


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_at(tmp_path)
    write_books(made)
    return made


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.parquet")
    }


def test_every_mart_is_published_as_parquet_and_in_the_database(settings: Settings):
    done = publish(settings)
    # The ageing of the small books is one row of 400.00; the waterfall has three cells.
    assert done.rows["rpt_ar_ageing"] == 1
    assert done.rows["rpt_revenue_waterfall"] == 3
    with duckdb.connect(str(done.database), read_only=True) as reader:
        query = "select open_minor from marts.rpt_ar_ageing"
        assert reader.execute(query).fetchall() == [(40000,)]
        about = reader.execute("select version from about").fetchall()
    assert about == [(done.version,)]
    pointer = json.loads((settings.published / "current.json").read_text())
    assert pointer["version"] == done.version
    for mart in pointer["marts"].values():
        file = settings.published / mart["file"]
        assert pq.read_metadata(file).num_rows == mart["rows"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == mart["sha256"]


def test_the_order_in_which_rows_were_written_does_not_show(settings: Settings):
    first = publish(settings)
    before = hashes(first.folder)
    change(
        settings,
        "create or replace table marts.rpt_revenue_waterfall as "
        "select * from revenue.revenue_waterfall order by amount_minor desc, stream desc",
    )
    again = publish(settings)
    assert again.version == first.version
    assert hashes(again.folder) == before


def test_publishing_the_same_marts_again_touches_nothing(settings: Settings):
    first = publish(settings)
    stamps = {
        p: p.stat().st_mtime_ns for p in (first.database, settings.published / "current.json")
    }
    publish(settings)
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps


def test_other_content_makes_another_version_and_the_last_three_are_kept(settings: Settings):
    versions = []
    for amount in (40000, 40001, 40002, 40003):
        change(settings, "update marts.rpt_ar_ageing set open_minor = ?", [amount])
        versions.append(publish(settings).version)
    assert len(set(versions)) == 4
    kept = {path.name for path in settings.published.iterdir() if path.is_dir()}
    assert kept == set(versions[1:])


READER = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    ageing = "select open_minor from marts.rpt_ar_ageing"
    print(connection.execute(ageing).fetchone()[0], flush=True)
    sys.stdin.readline()
    accounts = "select count(*) from marts.rpt_trial_balance"
    print(*connection.execute(ageing).fetchone(), *connection.execute(accounts).fetchone())
"""


def test_another_process_that_holds_the_old_file_is_not_disturbed(settings: Settings):
    done = publish(settings)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(done.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin and reader.stdout
        assert reader.stdout.readline().split() == ["40000"]
        change(settings, "update marts.rpt_ar_ageing set open_minor = 777")
        publish(settings)
        reader.stdin.write("go on\n")
        reader.stdin.flush()
        # Still the old figure, and a table it had not yet touched is the old one as well.
        assert reader.stdout.readline().split() == ["40000", "6"]
    assert reader.returncode == 0
    with duckdb.connect(str(done.database), read_only=True) as fresh:
        assert fresh.execute("select open_minor from marts.rpt_ar_ageing").fetchall() == [(777,)]


KILLED = """
import os, signal, sys
from pathlib import Path
from orchestration import publish as publishing
from tests.unit.small_books import settings_at

step = sys.argv[2]
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
def die_after_replacing(source, target, replace=os.replace):
    replace(source, target)
    die()
if step == "while writing the database":
    publishing._write_database = die
elif step == "before the version is moved":
    publishing.os.rename = die
elif step == "before the database is moved":
    publishing.os.replace = die
else:
    publishing.os.replace = die_after_replacing
publishing.publish(settings_at(Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    "step",
    [
        "before the version is moved",
        "while writing the database",
        "before the database is moved",
        "before the pointer is moved",
    ],
)
def test_a_kill_in_the_middle_leaves_the_old_version_and_the_next_run_mends(
    settings: Settings, step: str
):
    old = publish(settings)
    before = hashes(old.folder)
    change(settings, "update marts.rpt_ar_ageing set open_minor = 777")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(settings.home), step],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    pointer = json.loads((settings.published / "current.json").read_text())
    assert pointer["version"] == old.version
    assert hashes(old.folder) == before
    with duckdb.connect(str(old.database), read_only=True) as reader:
        assert reader.execute("select count(*) from marts.rpt_trial_balance").fetchone() == (6,)
    mended = publish(settings)
    with duckdb.connect(str(mended.database), read_only=True) as reader:
        assert reader.execute("select open_minor from marts.rpt_ar_ageing").fetchall() == [(777,)]
    assert not list(settings.published.glob(".building-*"))


def test_two_publishers_take_turns(settings: Settings):
    publish(settings)
    waiting = (
        "from pathlib import Path; import sys; from orchestration.publish import publish; "
        "from tests.unit.small_books import settings_at; publish(settings_at(Path(sys.argv[1])))"
    )
    with publishing._alone(settings.published):
        second = subprocess.Popen(
            [
                sys.executable,
                "-c",
                waiting,
                str(settings.home),
            ],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
        time.sleep(2)
        assert second.poll() is None
    assert second.wait(timeout=30) == 0


def test_a_warehouse_without_marts_is_refused_and_the_old_version_stays(settings: Settings):
    old = publish(settings)
    change(settings, "drop schema marts cascade")
    with pytest.raises(PublishError, match="holds no marts: run `tieout build`"):
        publish(settings)
    assert publishing.current(settings)["version"] == old.version


def test_nothing_is_published_before_the_warehouse_exists(tmp_path: Path):
    with pytest.raises(PublishError, match="does not exist: run `tieout build`"):
        publish(settings_at(tmp_path))
