"""A second build of the same inputs is needless, and every change of any input makes it needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, act, invoice, load

from orchestration import settings as config
from orchestration import warehouse
from orchestration.books import close
from orchestration.settings import Settings
from orchestration.warehouse import WarehouseBusyError, alone

JAN = date(2026, 1, 1)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A landing of one load, a project of one model, and a warehouse noted as built from them."""
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "models" / "a.sql").write_text("select 1")
    (project / "seeds").mkdir()
    (project / "seeds" / "entities.csv").write_text("entity_id\nUS01\n")
    monkeypatch.setattr(warehouse, "PROJECT", (project,))
    settings = config.load({"TIEOUT_HOME": str(tmp_path / "home")})
    part = settings.landing / "stripe" / "invoice" / "load-1"
    part.mkdir(parents=True)
    (part / "part-0001.parquet").write_bytes(b"PAR1")
    (part / "_manifest.json").write_text("{}")
    warehouse.note_start(settings)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table t as select 1 as a")
    assert warehouse.note_success(settings) == []
    return settings


def test_what_was_built_from_the_same_inputs_is_current(built: Settings):
    assert warehouse.is_current(built)
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        connection.execute("from t").fetchall()
    assert warehouse.is_current(built)


def altered_landing(settings: Settings) -> None:
    """One byte of a landed file, its size, name and time as before."""
    path = settings.landing / "stripe" / "invoice" / "load-1" / "part-0001.parquet"
    before = path.stat()
    path.write_bytes(b"PAR2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def new_load(settings: Settings) -> None:
    folder = settings.landing / "stripe" / "invoice" / "load-2"
    folder.mkdir()
    (folder / "_manifest.json").write_text("{}")


def edited_policy(_: Settings) -> None:
    (warehouse.PROJECT[0] / "seeds" / "entities.csv").write_text("entity_id\nUS02\n")


def edited_model(_: Settings) -> None:
    (warehouse.PROJECT[0] / "models" / "a.sql").write_text("select 2")


def renamed_model(_: Settings) -> None:
    models = warehouse.PROJECT[0] / "models"
    (models / "a.sql").rename(models / "b.sql")


def edited_warehouse(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update t set a = 2")


def lost_note(settings: Settings) -> None:
    warehouse.note_of(settings).unlink()


def build_that_began(settings: Settings) -> None:
    warehouse.note_start(settings)


@pytest.mark.parametrize(
    "change",
    [
        altered_landing,
        new_load,
        edited_policy,
        edited_model,
        renamed_model,
        edited_warehouse,
        lost_note,
        build_that_began,
    ],
    ids=lambda change: change.__name__,
)
def test_any_change_of_an_input_or_of_the_warehouse_makes_a_build_needed(
    built: Settings, change: Callable[[Settings], None]
):
    change(built)
    assert not warehouse.is_current(built)


def test_another_cut_off_makes_a_build_needed(built: Settings):
    assert not warehouse.is_current(replace(built, as_of=built.as_of + timedelta(seconds=1)))


def test_evidence_that_lands_during_a_build_leaves_no_note(built: Settings):
    warehouse.note_start(built)
    new_load(built)
    assert warehouse.note_success(built) == ["evidence", "landing"]
    assert not warehouse.is_current(built)


def test_a_new_batch_makes_only_the_books_views_lag(built: Settings):
    with duckdb.connect() as con:
        load(con, invoice("in_1", 100, JAN))
        close(built.books, con, RELATION, act(JAN))
    assert warehouse.is_current(built)
    assert warehouse.noted(built)["books"] != warehouse.shown_books(built)
    with warehouse.changing_only_the_books(built):
        assert not warehouse.is_current(built)
        edited_warehouse(built)
    assert warehouse.is_current(built)
    assert warehouse.noted(built)["books"] == warehouse.shown_books(built)


def test_a_refresh_that_dies_leaves_no_note(built: Settings):
    with pytest.raises(RuntimeError), warehouse.changing_only_the_books(built):
        raise RuntimeError("killed")
    assert not warehouse.is_current(built)


def test_a_refresh_of_a_warehouse_that_was_not_current_does_not_make_it_so(built: Settings):
    edited_warehouse(built)
    with warehouse.changing_only_the_books(built):
        pass
    assert not warehouse.is_current(built)


HOLD = """
import subprocess, sys
from orchestration import settings, warehouse
with warehouse.alone(settings.load(), "the close of 2026-05"):
    child = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    started = subprocess.Popen(child, stdin=0, pass_fds=warehouse.held_descriptors())
    print("held", flush=True)
    started.wait()
"""


def test_while_a_close_runs_a_build_is_refused_also_when_only_its_dbt_is_left(built: Settings):
    """The close is killed; the dbt it started still writes, so the warehouse stays taken until it ends."""
    with alone(built, "a build"), alone(built, "a refresh"):
        pass
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=os.environ | {"TIEOUT_HOME": str(built.home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout and holder.stdin
    assert holder.stdout.readline() == "held\n"
    wanted = r"a build has to wait: the close of 2026-05 \(process \d+\) works in .*try again when"
    with pytest.raises(WarehouseBusyError, match=wanted), alone(built, "a build"):
        pass
    holder.kill()
    holder.wait()
    with pytest.raises(WarehouseBusyError, match=wanted), alone(built, "a build"):
        pass
    # The child reads its input to the end, closes, and the lock is free.
    holder.stdin.close()
    while True:
        try:
            with alone(built, "a build"):
                break
        except WarehouseBusyError:
            continue
