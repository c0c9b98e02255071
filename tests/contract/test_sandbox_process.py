"""The sandbox as a process: started when needed, found again, replaced with its world, stopped."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from tiny_world import write_tiny_world

from orchestration.sandbox.process import ServingError, ensure_serving, stop_serving


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    folder = write_tiny_world(tmp_path / "world")
    yield folder
    stop_serving(folder)


def server_pid(url: str) -> int:
    return requests.get(f"{url}/_health", timeout=10).json()["pid"]


def is_gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_a_second_call_finds_the_server_of_the_first(world: Path) -> None:
    url = ensure_serving(world)
    assert json.loads((world / "endpoint.json").read_text())["base_url"] == url
    assert ensure_serving(world) == url
    answer = requests.get(f"{url}/stripe/v1/payouts", auth=("sk_test_sandbox_US01", ""), timeout=10)
    assert [payout["id"] for payout in answer.json()["data"]] == ["po_1"]


def test_calls_at_the_same_time_give_one_server(world: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(lambda _: ensure_serving(world), range(4)))
    assert len(urls) == 1


def test_another_world_in_the_same_folder_gets_a_new_server_and_the_old_one_leaves(
    world: Path,
) -> None:
    first = server_pid(ensure_serving(world))
    (world / "world.json").write_text(json.dumps({"stamp": "another"}))
    second = server_pid(ensure_serving(world))
    assert second != first
    assert is_gone(first, 5)


def test_a_dead_server_is_replaced(world: Path) -> None:
    pid = server_pid(ensure_serving(world))
    psutil.Process(pid).kill()
    assert is_gone(pid, 5)
    assert server_pid(ensure_serving(world)) != pid


def test_a_stopped_server_is_gone_and_stopping_twice_does_no_harm(world: Path) -> None:
    pid = server_pid(ensure_serving(world))
    stop_serving(world)
    assert is_gone(pid, 5)
    assert not (world / "endpoint.json").exists()
    stop_serving(world)


def test_a_copied_world_gets_its_own_server_and_leaves_the_other_alone(world: Path) -> None:
    url = ensure_serving(world)
    copy = world.with_name("copy")
    shutil.copytree(world, copy)
    try:
        assert ensure_serving(copy) != url
    finally:
        stop_serving(copy)
    assert ensure_serving(world) == url


def test_a_server_whose_world_was_moved_away_leaves_by_itself(world: Path) -> None:
    pid = server_pid(ensure_serving(world))
    world.rename(world.with_name("elsewhere"))
    assert is_gone(pid, 10)


def test_a_folder_without_a_world_is_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ServingError, match=r"world\.sqlite is missing: build the world first"):
        ensure_serving(empty)
