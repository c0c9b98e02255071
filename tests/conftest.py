"""Fixtures that several rooms of the tests share: scratch homes and one finished small run.

The finished run is made once a session through the same functions the assets call, at size 20;
tests that change something copy it first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.sandbox.process import stop_serving

ROOT = Path(__file__).resolve().parents[1]
SIZE = 20
TIEOUT = str(Path(sys.executable).with_name("tieout"))

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


def home_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a subprocess that works in this home at the tests' size."""
    return os.environ | {"TIEOUT_HOME": str(home), "TIEOUT_SIZE": str(SIZE), **more}


@pytest.fixture(scope="session")
def shared_samples() -> Path:
    """Published bank files and vendor fixtures: they lie beside the checkout, never in it."""
    path = ROOT.parent / "shared"
    assert path.is_dir(), f"the published samples are expected in {path}"
    return path


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which the demo has run once at size 20, shared by all workers of the session."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / "finished"
    with FileLock(shared / "finished.lock"):
        if not (home / "demo.txt").exists():
            done = subprocess.run(
                [TIEOUT, "demo"],
                env=home_environment(home),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
            (home / "demo.txt").write_text(done.stdout)
    yield home
    # With several workers another may still be using the server; it leaves by itself when idle.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        stop_serving(home / "sandbox")


@pytest.fixture
def copied_home(finished_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished run that a test may break."""
    home = tmp_path / "home"
    shutil.copytree(finished_home, home)
    yield home
    stop_serving(home / "sandbox")
