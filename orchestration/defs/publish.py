"""What leaves the warehouse: the published marts, the reports, and the sandbox's score.

Publishing sits behind the blocking books controls, so a reader never sees marts that do not tie.
"""

import dagster as dg

from expectations.register import check_specs
from orchestration.defs.resources import TieoutResource
from orchestration.defs.transformation import node_names
from orchestration.publish import publish
from orchestration.release import require_released
from orchestration.reports.summary import write_summary


def _upstream() -> list[dg.AssetKey]:
    """The marts, and what blocking controls hang on: a check only stops what depends on its asset."""
    nodes = node_names()
    marts = [key for name, key in nodes.items() if name.startswith(("dim_", "fct_", "rpt_"))]
    guarded = [nodes[check.model] for check in check_specs("books") if check.blocking]
    return list(dict.fromkeys([*marts, *guarded]))


@dg.asset(
    key=["published", "marts"],
    group_name="publish",
    owners=["team:data_engineering"],
    kinds={"duckdb", "parquet"},
    pool="warehouse",
    deps=_upstream(),
    description=(
        "The marts as one read-only DuckDB file and as Parquet, swapped all or nothing. "
        "A reader that holds the old copy keeps it."
    ),
)
def published_marts(tieout: TieoutResource) -> dg.MaterializeResult:
    settings = tieout.settings()
    require_released(settings)
    done = publish(settings)
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
