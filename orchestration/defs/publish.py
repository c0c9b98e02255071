"""What leaves the warehouse: the published marts, the reports, and the sandbox's score.

Publishing sits behind the blocking books controls, so a reader never sees marts that do not tie.
"""

from __future__ import annotations

import dagster as dg

from orchestration.defs.resources import TieoutResource
from orchestration.defs.transformation import node_names
from orchestration.publish import publish
from orchestration.reports.summary import write_summary


def _mart_keys() -> list[dg.AssetKey]:
    return [
        asset_key
        for name, asset_key in node_names().items()
        if name.startswith(("dim_", "fct_", "rpt_"))
    ]


@dg.asset(
    key=["published", "marts"],
    group_name="publish",
    owners=["team:data_engineering"],
    kinds={"duckdb", "parquet"},
    pool="warehouse",
    deps=_mart_keys(),
    description=(
        "The marts as one read-only DuckDB file and as Parquet, swapped all or nothing. "
        "A reader that holds the old copy keeps it."
    ),
)
def published_marts(tieout: TieoutResource) -> dg.MaterializeResult:
    done = publish(tieout.settings())
    return dg.MaterializeResult(
        metadata={
            "version": done.version,
            "duckdb": dg.MetadataValue.path(str(done.database)),
            "parquet": dg.MetadataValue.path(str(done.folder)),
            "marts": {name: rows for name, rows in done.rows.items()},
        }
    )


@dg.asset(
    key=["reports", "summary"],
    group_name="publish",
    owners=["team:revenue_accounting"],
    kinds={"html"},
    pool="warehouse",
    deps=[published_marts],
    description="One page: what tied, the waterfall, exceptions by reason and control results.",
)
def summary_report(tieout: TieoutResource) -> dg.MaterializeResult:
    page = write_summary(tieout.settings())
    return dg.MaterializeResult(metadata={"page": dg.MetadataValue.path(str(page))})


ASSETS = [published_marts, summary_report]
