"""The composition root: what Dagster loads, put together from the rooms. No logic here."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import automation, close, controls, ingestion, publish, transformation
from orchestration.defs.console import progress_console
from orchestration.defs.resources import TieoutResource, dbt_resource

defs = dg.Definitions(
    assets=[*ingestion.ASSETS, *transformation.ASSETS, *publish.ASSETS, *close.ASSETS],
    asset_checks=controls.CHECKS,
    jobs=automation.JOBS,
    schedules=automation.SCHEDULES,
    sensors=automation.SENSORS,
    resources={"tieout": TieoutResource(), "dbt_cli": dbt_resource()},
    loggers={"progress": progress_console},
    executor=dg.in_process_executor,
)
