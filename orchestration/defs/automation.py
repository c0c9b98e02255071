"""When things run: jobs, schedules (off until switched on) and sensors for file drops.

A sensor's cursor is a fingerprint of the folder it has seen, so a drop starts one run however
often it is looked at, and a drop during a run is picked up by the next tick.
"""

import hashlib
from pathlib import Path

import dagster as dg

from orchestration import settings as config
from orchestration.defs import close
from orchestration.defs.ingestion import GROUPS, key
from orchestration.defs.resources import drops_now
from orchestration.landing import objects

# A close is a decision of two people: no job of these takes it along.
CLOSE = dg.AssetSelection.assets(close.KEY)
EVERYTHING = dg.AssetSelection.all() - CLOSE
PULLS = dg.AssetSelection.assets(*[key(s, name) for s in GROUPS for name in objects(s)])

crm_to_cash = dg.define_asset_job(
    "crm_to_cash",
    selection=EVERYTHING,
    description="Evidence in, tied books-to-be out: pull, build, controls, publish, reports.",
)
pull_evidence = dg.define_asset_job(
    "pull_evidence",
    selection=PULLS.without_checks(),
    description="Land what is new at every source and build nothing.",
)
rebuild_books = dg.define_asset_job(
    "rebuild_books",
    selection=EVERYTHING - PULLS,
    description="Build, control and publish from the evidence already landed.",
)
close_books = dg.define_asset_job(
    "close_books",
    selection=CLOSE,
    description="Close one month: choose the partition and say who prepares and who approves.",
)

daily = dg.ScheduleDefinition(
    name="daily_crm_to_cash",
    job=crm_to_cash,
    cron_schedule="0 6 * * *",
    execution_timezone="Etc/UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every morning at 06:00 UTC, after the banks' files of the day before.",
)


def fingerprint(folder: Path) -> str:
    """Changes when any file below a drop folder appears, goes or is written again; "" if empty."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return ""
    listing = "\n".join(
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in files
    )
    return hashlib.sha256(listing.encode()).hexdigest()


def _drop_sensor(source: str) -> dg.SensorDefinition:
    job = dg.define_asset_job(
        f"land_{source}_drops",
        selection=dg.AssetSelection.assets(
            *[key(source, name) for name in objects(source)]
        ).without_checks(),
        description=f"Land the {source} files that have arrived.",
    )

    @dg.sensor(
        name=f"{source}_drops",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Starts {job.name} when a new {source} file is dropped.",
    )
    def drops(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        folder: Path = getattr(drops_now(config.load()), source)
        seen = fingerprint(folder)
        if not seen:
            return dg.SkipReason(f"no file below {folder}")
        if seen == context.cursor:
            return dg.SkipReason(f"nothing new below {folder}")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{source}:{seen}")], cursor=seen
        )

    return drops


SENSORS = [_drop_sensor("metering"), _drop_sensor("bank")]
JOBS = [crm_to_cash, pull_evidence, rebuild_books, close_books]
SCHEDULES = [daily]
