"""Evidence assets: one a landed object, grouped by source; each source is one step.

A step pulls everything its source has, then reports each object it landed. An object that could
not be read fails the step after the rest has landed, so that nothing is lost and nothing is hidden.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.defs.resources import TieoutResource
from orchestration.landing import objects
from orchestration.pipeline import show
from orchestration.sources.pull import PullResult, pull

GROUPS = {
    "salesforce": ("crm", "team:deal_desk", "Salesforce"),
    "stripe": ("billing_system", "team:billing_operations", "Stripe"),
    "metering": ("metering", "team:metering_engineering", "Parquet"),
    "bank": ("bank", "team:treasury", "File"),
    "erp": ("erp", "team:controller", "csv"),
    "fx": ("rates", "team:treasury", "csv"),
}

# Metering and bank files arrive every day; the others are pulled every day. Two days without news
# is worth a look, four is a gap that a close would trip over.
FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(days=4), warn_window=dt.timedelta(days=2)
)


def key(source: str, name: str) -> dg.AssetKey:
    """``<source>/<object>``: the key dagster-dbt gives the dbt source that reads it."""
    return dg.AssetKey([source, name])


def raw(view: str) -> dg.AssetKey:
    """The asset behind a view of the raw schema, ``<source>__<object>``."""
    return dg.AssetKey(view.split("__", 1))


def _spec(source: str, name: str) -> dg.AssetSpec:
    group, owner, kind = GROUPS[source]
    return dg.AssetSpec(
        key(source, name),
        group_name=group,
        owners=[owner],
        kinds={kind.lower(), "parquet"},
        description=(
            f"Every version of {source} {name.replace('_', ' ')} records as the source gave them, "
            f"append-only. Read it in DuckDB as raw.{source}__{name}."
        ),
        metadata={"source": source, "object": name},
        freshness_policy=FRESHNESS,
    )


def _materialized(source: str, name: str, results: list[PullResult]) -> dg.MaterializeResult:
    mine = [result for result in results if result.object == name]
    return dg.MaterializeResult(
        asset_key=key(source, name),
        metadata={
            "dagster/row_count": sum(result.rows for result in mine),
            "loads": [result.load_id for result in mine if result.load_id],
            "new_rows_by_entity": {
                result.entity or "all": result.rows for result in mine if result.rows
            },
        },
    )


def _evidence(source: str) -> dg.AssetsDefinition:
    names = objects(source)

    @dg.multi_asset(
        name=f"pull_{source}",
        specs=[_spec(source, name) for name in names],
    )
    def pull_source(
        context: dg.AssetExecutionContext, tieout: TieoutResource
    ) -> Iterator[dg.MaterializeResult]:
        results = pull(tieout.connected(), [source])
        failed = [result for result in results if result.error]
        broken = {result.object for result in failed}
        landed = sum(result.rows for result in results)
        context.log.info(f"{source}: {landed:,} new records in {len(results)} pulls")
        for name in names:
            if name not in broken:
                yield _materialized(source, name, results)
        if failed:
            # After the rest has landed: it is kept, and the next run goes on from it. The step
            # fails, so dbt does not build books on a source that is half there.
            raise dg.Failure(
                description=f"{source}: {len(broken)} object(s) could not be pulled",
                metadata={
                    f"{result.object} {result.entity or ''}".strip(): str(result.error)
                    for result in failed
                },
            )

    return pull_source


PULLS = [_evidence(source) for source in GROUPS]

REGISTER = {
    "landing__load": "One row a load: its window, rows, control totals and file hashes.",
    "landing__file": "One row a dropped file: its hash, and whether it was read or set aside.",
    "landing__quarantine": "One row a record or file that could not be read, with the reason.",
    "landing__pull_failure": "One row an object whose last pull failed, with the error.",
}


@dg.multi_asset(
    name="evidence_register",
    specs=[
        dg.AssetSpec(
            raw(view),
            group_name="evidence",
            owners=["team:data_engineering"],
            kinds={"parquet"},
            description=f"{description} Read it in DuckDB as raw.{view}.",
            deps=[key(source, name) for source in GROUPS for name in objects(source)],
        )
        for view, description in REGISTER.items()
    ],
    pool="warehouse",
)
def evidence_register(tieout: TieoutResource) -> Iterator[dg.MaterializeResult]:
    """Shows all that has landed as the raw schema, and counts what the landing says of itself."""
    settings = tieout.settings()
    show(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        for view in REGISTER:
            (rows,) = connection.execute(f"select count(*) from raw.{view}").fetchone() or (0,)
            yield dg.MaterializeResult(asset_key=raw(view), metadata={"dagster/row_count": rows})


ASSETS = [*PULLS, evidence_register]
