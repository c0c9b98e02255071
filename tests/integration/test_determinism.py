"""Same evidence, policy and as_of give the same bytes, whatever happened on the way."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from orchestration.sandbox.process import stop_serving
from tests.conftest import TIEOUT, home_environment


def published_bytes(home: Path) -> dict[str, str]:
    """mart → sha256 of the Parquet file that is current."""
    current = json.loads((home / "published" / "current.json").read_text())
    folder = home / "published" / current["version"]
    return {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.parquet"))
    }


def run(home: Path, *verb: str) -> str:
    done = subprocess.run(
        [TIEOUT, *verb], env=home_environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_deleting_the_warehouse_and_rebuilding_gives_the_same_bytes(copied_home: Path):
    before = published_bytes(copied_home)
    shutil.rmtree(copied_home / "warehouse")
    shutil.rmtree(copied_home / "published")
    run(copied_home, "build")
    run(copied_home, "controls")
    run(copied_home, "publish")
    assert len(before) >= 10
    assert published_bytes(copied_home) == before


def test_a_second_run_lands_nothing_and_publishes_the_same_bytes(copied_home: Path):
    before = published_bytes(copied_home)
    loads = sorted(p.name for p in (copied_home / "landing").glob("*/*/*"))
    run(copied_home, "demo")
    assert sorted(p.name for p in (copied_home / "landing").glob("*/*/*")) == loads
    assert published_bytes(copied_home) == before


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the run and all it started except the sandbox server, which is the vendor."""
    parent = psutil.Process(process.pid)
    for child in [*parent.children(recursive=True), parent]:
        try:
            if "orchestration.sandbox.process" not in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    process.wait()


def test_a_run_killed_at_five_random_points_ends_as_if_it_had_not_been(
    finished_home: Path, tmp_path: Path
):
    home = tmp_path / "killed"
    # A run closes four months; each kill lets it get further, as a nervous operator would.
    rng = random.Random(20261124)
    moments = sorted(rng.uniform(3, 40) for _ in range(5))
    killed = 0
    try:
        for moment in moments:
            process = subprocess.Popen(
                [TIEOUT, "demo"],
                env=home_environment(home),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            deadline = time.monotonic() + moment
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.05)
            if process.poll() is None:
                kill_tree(process)
                killed += 1
        run(home, "demo")
        assert killed >= 3, "the machine outran the kills: nothing was proven"
        assert published_bytes(home) == published_bytes(finished_home)
    finally:
        stop_serving(home / "sandbox")
