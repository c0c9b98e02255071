"""The server as a process: one per world, started when needed, found again through endpoint.json.

``ensure_serving`` and ``stop_serving`` are for the pipeline, ``serve`` for a shell. A detached
server leaves by itself when its world is removed or replaced, or nobody asked it anything for long.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import uvicorn

from orchestration.sandbox.current import WorldError
from orchestration.sandbox.server import app, world_stamp

START_SECONDS = 600.0
IDLE_SECONDS = 3600.0
_WATCH_SECONDS = 0.5


class ServingError(RuntimeError):
    """The sandbox could not be served; the message says why and where its log is."""


@dataclass(frozen=True)
class _Endpoint:
    """What endpoint.json says: where the server listens, which process it is, and its world."""

    folder: str
    base_url: str
    pid: int
    started: float
    stamp: str

    def process(self) -> psutil.Process | None:
        """The living process, unless its number meanwhile belongs to another one."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) < 1.0
            return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def ensure_serving(world_dir: Path, clock: int | None = None) -> str:
    """The base URL of this world's one server, started if there is none that stands at ``clock``
    (Unix time, default: the world's end). Errors: ServingError."""
    world_dir = world_dir.resolve()
    stamp = world_stamp(world_dir, clock)
    with _turn(world_dir):
        endpoint = _read(world_dir)
        if endpoint and endpoint.stamp == stamp and endpoint.process() and _answers(endpoint):
            return endpoint.base_url
        _stop(world_dir)
        return _start(world_dir, clock)


def stop_serving(world_dir: Path) -> None:
    """End the server of this world, if one runs."""
    world_dir = world_dir.resolve()
    if world_dir.is_dir():
        with _turn(world_dir):
            _stop(world_dir)


def serve(world_dir: Path, port: int = 0, clock: int | None = None) -> None:
    """Serve in the foreground until interrupted; takes over from a server already there."""
    world_dir = world_dir.resolve()
    with _turn(world_dir):
        _stop(world_dir)
        server, listener = _listen(world_dir, port, clock)
    print(f"serving {world_dir} at {_url(listener)}", flush=True)
    _run(world_dir, server, listener, idle_seconds=None)


@contextmanager
def _turn(world_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops a world's server. The lock stands beside the folder,
    because building a world replaces the folder."""
    with (world_dir.parent / f".{world_dir.name}.serving.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(world_dir: Path) -> _Endpoint | None:
    """Who serves this folder; a file that was copied here from another world names nobody."""
    try:
        endpoint = _Endpoint(**json.loads((world_dir / "endpoint.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return endpoint if endpoint.folder == str(world_dir) else None


def _write(world_dir: Path, endpoint: _Endpoint) -> None:
    beside = world_dir / f"endpoint.json.{endpoint.pid}"
    beside.write_text(json.dumps(asdict(endpoint)))
    os.replace(beside, world_dir / "endpoint.json")


def _answers(endpoint: _Endpoint) -> bool:
    # A proxy named in the environment has no business between two local processes.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint.base_url}/_health", timeout=5) as answer:
            return bool(json.load(answer)["stamp"] == endpoint.stamp)
    except (OSError, ValueError, KeyError):
        return False


def _stop(world_dir: Path) -> None:
    endpoint = _read(world_dir)
    process = endpoint.process() if endpoint else None
    if process is not None:
        process.terminate()
        try:
            process.wait(5)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)
    (world_dir / "endpoint.json").unlink(missing_ok=True)


def _start(world_dir: Path, clock: int | None) -> str:
    log = world_dir / "server.log"
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "serve"]
    at = ["--clock", str(clock)] if clock is not None else []
    with log.open("wb") as sink:
        child = subprocess.Popen(
            [*command, "--world", str(world_dir), "--detached", *at],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        endpoint = _read(world_dir)
        if endpoint and endpoint.pid == child.pid and _answers(endpoint):
            # The server outlives this process on purpose: it is not ours to wait for.
            child.returncode = 0
            return endpoint.base_url
        if child.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            reason = last[0] if last else f"exit code {child.returncode}"
            raise ServingError(f"the sandbox server of {world_dir} did not start: {reason} ({log})")
        time.sleep(0.02)
    child.kill()
    child.wait()
    raise ServingError(
        f"the sandbox server of {world_dir} was not ready in {START_SECONDS:.0f} s ({log})"
    )


def _listen(world_dir: Path, port: int, clock: int | None) -> tuple[uvicorn.Server, socket.socket]:
    """Prepare the world, bind, and say in endpoint.json where."""
    application = app(world_dir, clock=clock)
    config = uvicorn.Config(
        application,
        log_level="warning",
        lifespan="off",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    started = psutil.Process().create_time()
    endpoint = _Endpoint(
        str(world_dir), _url(listener), os.getpid(), started, world_stamp(world_dir, clock)
    )
    _write(world_dir, endpoint)
    return uvicorn.Server(config), listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _run(
    world_dir: Path, server: uvicorn.Server, listener: socket.socket, idle_seconds: float | None
) -> None:
    watch = threading.Thread(target=_watch, args=(world_dir, server, idle_seconds), daemon=True)
    watch.start()
    server.run(sockets=[listener])
    endpoint = _read(world_dir)
    if endpoint and endpoint.pid == os.getpid():
        (world_dir / "endpoint.json").unlink(missing_ok=True)


def _watch(world_dir: Path, server: uvicorn.Server, idle_seconds: float | None) -> None:
    """Ask the server to leave when another one took its place, its world is gone, or it is idle."""
    seen, since = -1, time.monotonic()
    while not server.should_exit:
        time.sleep(_WATCH_SECONDS)
        endpoint = _read(world_dir)
        if endpoint is None or endpoint.pid != os.getpid():
            server.should_exit = True
        if server.server_state.total_requests != seen:
            seen, since = server.server_state.total_requests, time.monotonic()
        if idle_seconds is not None and time.monotonic() - since > idle_seconds:
            server.should_exit = True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve a sandbox world over the vendors' APIs.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("serve")
    verb.add_argument("--world", type=Path, required=True)
    verb.add_argument("--port", type=int, default=0)
    verb.add_argument("--clock", type=int, default=None, help="Unix time; default: its end")
    verb.add_argument("--detached", action="store_true", help="started by ensure_serving")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.detached:
            world_dir = chosen.world.resolve()
            server, listener = _listen(world_dir, chosen.port, chosen.clock)
            _run(world_dir, server, listener, IDLE_SECONDS)
        else:
            serve(chosen.world, chosen.port, chosen.clock)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
