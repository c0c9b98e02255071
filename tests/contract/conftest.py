"""Fixtures of the contract tests: the tiny world and a built one, served once a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import requests
from tiny_world import Served, serve, write_tiny_world

from orchestration.sandbox.server import app


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_world(tmp_path_factory.mktemp("tiny") / "world")


@pytest.fixture(scope="session")
def _tiny_server(tiny_world: Path) -> Iterator[Served]:
    yield from serve(app(tiny_world))


@pytest.fixture
def tiny(_tiny_server: Served) -> Iterator[Served]:
    """The tiny world behind HTTP, with no fault left over from or for another test."""
    yield _tiny_server
    requests.delete(f"{_tiny_server.url}/_faults", timeout=10)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sandbox's own company at 20 customers, as every other part of the project sees it."""
    from orchestration.sandbox.world import build_world

    folder = tmp_path_factory.mktemp("company") / "world"
    build_world(folder, seed=7, size=20, end=date(2026, 7, 1), months=18, defect_rate=0.02)
    yield from serve(app(folder))
