"""Runs several dbt commands in one process that parses the project once: ``python -m orchestration.dbt_steps``.

Reads from stdin a line of JSON that says how to parse, then a JSON list of steps, each with its arguments and
variables, and stops at the first that fails. A process of its own, so that dbt's global state and its hold on
the warehouse end with it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult

# Failures are read from the results; writing and formatting the rest takes a fifth of the time.
LEAN = ("--quiet", "--no-write-json", "--log-level", "error", "--log-level-file", "none")


def _invoke(runner: dbtRunner, step: dict[str, Any], fixed: list[str]) -> dbtRunnerResult:
    variables = ["--vars", json.dumps(step["variables"])]
    return runner.invoke([*step["arguments"], *fixed, *variables, *LEAN])


def _failures(result: dbtRunnerResult) -> list[str]:
    """What went wrong, a line a node."""
    if result.exception is not None:
        return [str(result.exception)]
    found = [
        f"{getattr(one, 'node', one).unique_id.rpartition('.')[2]}: {one.message}"
        for one in getattr(result.result, "results", ())
        if str(one.status) in {"error", "fail", "runtime error"}
    ]
    return found or ["it failed without a message"]


def main() -> int:
    """Run the steps. 0 when all of them succeeded."""
    order = json.loads(sys.stdin.readline())
    parsed = _invoke(
        dbtRunner(), {"arguments": ["parse"], "variables": order["parse"]}, order["fixed"]
    )
    if not parsed.success:
        print("\n".join(_failures(parsed)), file=sys.stderr)
        return 1
    runner = dbtRunner(manifest=parsed.result)  # type: ignore[arg-type]
    # Until here nothing of the warehouse was touched; what to do arrives when the caller is ready.
    for step in json.loads(sys.stdin.read() or "[]"):
        result = _invoke(runner, step, order["fixed"])
        if not result.success:
            print(f"dbt {step['arguments'][0]} failed:", file=sys.stderr)
            print("\n".join(_failures(result)), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
