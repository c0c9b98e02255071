"""Runs dbt outside Dagster and keeps its manifest fresh; knows flags and folders, no SQL.

The command line (``tieout build``) and Dagster's definitions share it, so that both run one dbt
with the same arguments on the same state below TIEOUT_HOME.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings
from orchestration.warehouse import held_descriptors


class DbtError(RuntimeError):
    """dbt failed; the message carries its own last lines."""


@dataclass(frozen=True)
class Step:
    """One dbt command of several, and the variables it runs with beside ``as_of``."""

    arguments: tuple[str, ...]
    variables: Mapping[str, Any]


def environment(settings: Settings) -> dict[str, str]:
    """The variables dbt's profile and log settings read."""
    return {
        "TIEOUT_WAREHOUSE": str(settings.warehouse),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_LOG_PATH": str(settings.dbt_target / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def variables(settings: Settings) -> list[str]:
    """``--vars`` that make the warehouse a function of evidence, policy and as_of."""
    as_of = settings.as_of.strftime("%Y-%m-%d %H:%M:%S")
    return ["--vars", json.dumps({"as_of": as_of})]


def run(settings: Settings, *arguments: str) -> str:
    """Run one dbt command; returns its output. Errors: DbtError with dbt's last lines."""
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    command = [
        str(Path(sys.executable).with_name("dbt")),
        *arguments,
        "--project-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(settings.dbt_target),
        *variables(settings),
    ]
    done = subprocess.run(
        command,
        env=os.environ | environment(settings),
        # If this process is killed, dbt goes on writing for a while: nobody else may until it ends.
        pass_fds=held_descriptors(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        raise DbtError(f"dbt {arguments[0]} failed (exit {done.returncode}):\n{tail}")
    return done.stdout


@contextmanager
def waiting(
    settings: Settings, parse: Mapping[str, Any]
) -> Iterator[Callable[[Sequence[Step]], None]]:
    """A dbt that parses with ``parse`` as variables while its caller does something else, then runs steps
    one after the other. It holds nothing of the warehouse before; unused, it is ended.

    Which models exist and what they read must not depend on the variables of a step: so another ``as_of``
    takes the project as it was parsed for the last one, in a folder of its own because dbt's command line
    would parse again for its variables. Errors: DbtError from the call that runs the steps.
    """
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    as_of = settings.as_of.strftime("%Y-%m-%d %H:%M:%S")
    target = str(settings.dbt_target / "steps")
    order = {
        "fixed": ["--project-dir", str(DBT_PROJECT), "--target-path", target],
        "parse": dict(parse),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_steps"],
        cwd=REPOSITORY,
        env=os.environ | environment(settings),
        # If this process is killed, dbt goes on writing for a while: nobody else may until it ends.
        pass_fds=held_descriptors(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()

    def run_these(steps: Sequence[Step]) -> None:
        asked = [
            {"arguments": list(step.arguments), "variables": {"as_of": as_of, **step.variables}}
            for step in steps
        ]
        said = "".join(process.communicate(json.dumps(asked)))
        if process.returncode != 0:
            raise DbtError("\n".join(said.strip().splitlines()[-40:]))

    try:
        yield run_these
    finally:
        process.kill()
        process.communicate()


def run_steps(settings: Settings, steps: Sequence[Step], parse: Mapping[str, Any]) -> None:
    """Run commands one after the other in one process that parses once. Errors: DbtError."""
    with waiting(settings, parse) as run_these:
        run_these(steps)


def building(*selection: str) -> list[Step]:
    """Seeds, models and data tests in dependency order (unit tests belong to ``make test``)."""
    return [Step(("build", *selection, "--exclude-resource-type", "unit_test"), {})]


def manifest(settings: Settings) -> Path:
    """Path of a manifest no older than any project file; parses the project when it is."""
    path = settings.dbt_target / "manifest.json"
    newest = max(
        entry.stat().st_mtime
        for entry in DBT_PROJECT.rglob("*")
        if entry.suffix in {".sql", ".yml", ".csv"} and entry.is_file()
    )
    if not path.exists() or path.stat().st_mtime < newest:
        run(settings, "parse")
    return path
