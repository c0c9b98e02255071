"""The Dagster instance of this deployment: its folder below TIEOUT_HOME and its settings.

One slot in the warehouse pool, because DuckDB lets one process write; telemetry and nags are off.
"""

from __future__ import annotations

import os

from orchestration.settings import Settings

CONFIGURATION = """\
# Written by tieout at each start; edit orchestration/instance.py instead.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
    granularity: op
  runs:
    max_concurrent_runs: 4
# A run whose process died must not keep the warehouse's one slot.
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 30
"""


def prepare(settings: Settings) -> None:
    """Write ``dagster.yaml`` and point this process and its children at it."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    path = home / "dagster.yaml"
    if not path.exists() or path.read_text() != CONFIGURATION:
        path.write_text(CONFIGURATION)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["TIEOUT_HOME"] = str(settings.home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    # Sandbox and warehouse are on this machine: a proxy in the environment must not see them.
    os.environ["NO_PROXY"] = ",".join(
        part for part in (os.environ.get("NO_PROXY", ""), "127.0.0.1,localhost") if part
    )
