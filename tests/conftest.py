"""Fixtures that several rooms of the tests share: scratch homes and one finished small run.

The finished run is made once a session through the same functions the assets call, at size 20;
tests that change something copy it first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SIZE = 20

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
    """A home in which the pipeline has run once, through Dagster, at size 20."""
    import subprocess
    import sys

    from orchestration.sandbox.process import stop_serving

    home = tmp_path_factory.mktemp("finished")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tieout")), "demo"],
        env=home_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    (home / "demo.txt").write_text(done.stdout)
    yield home
    stop_serving(home / "sandbox")


@pytest.fixture
def copied_home(finished_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished run that a test may break."""
    from orchestration.sandbox.process import stop_serving

    home = tmp_path / "home"
    shutil.copytree(finished_home, home)
    (home / "sandbox" / "endpoint.json").unlink(missing_ok=True)
    yield home
    stop_serving(home / "sandbox")
