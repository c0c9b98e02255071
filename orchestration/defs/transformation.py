"""The dbt graph as Dagster assets: one asset a model or seed, joined to the evidence it reads.

dbt unit tests are left to ``make test``: they prove code, not data, and would slow every run.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from orchestration import dbt
from orchestration import settings as config
from orchestration.defs.resources import TieoutResource
from orchestration.release import build_starts, build_succeeded
from orchestration.warehouse import alone

OWNERS = {
    "staging": "team:data_engineering",
    "contracts": "team:deal_desk",
    "usage": "team:metering_engineering",
    "billing": "team:billing_operations",
    "cash": "team:treasury",
    "receivables": "team:collections",
    "reconciliation": "team:revenue_operations",
    "policy": "team:revenue_accounting",
}


class Rooms(DagsterDbtTranslator):
    """Groups, keys and owners follow the room (folder) a model lives in."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return _room(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return [OWNERS.get(_room(dbt_resource_props), "team:revenue_accounting")]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        # Without the SQL that the default appends: the UI shows code through its own link.
        return str(dbt_resource_props.get("description") or "")


def _room(properties: Mapping[str, Any]) -> str:
    if properties["resource_type"] == "seed":
        return "policy"
    return str(properties["fqn"][1])


SETTINGS = config.load()
MANIFEST = dbt.manifest(SETTINGS)
os.environ.update(dbt.environment(SETTINGS))
NODES = {
    unique_id: (node["schema"], node["alias"])
    for unique_id, node in json.loads(MANIFEST.read_text())["nodes"].items()
    if node["resource_type"] in {"model", "seed"}
}


@dbt_assets(
    manifest=MANIFEST,
    dagster_dbt_translator=Rooms(),
    name="dbt_build",
    pool="warehouse",
)
def dbt_models(
    context: dg.AssetExecutionContext, dbt_cli: DbtCliResource, tieout: TieoutResource
) -> Iterator[Any]:
    settings = tieout.settings()
    arguments = ["build", "--exclude-resource-type", "unit_test", *dbt.variables(settings)]
    # Dagster keeps what dbt says; the same in a debug log takes a fifth of dbt's time.
    arguments += ["--log-level-file", "info"]
    with alone(settings, "dbt build"):
        build_starts(settings)
        invocation = dbt_cli.cli(arguments, context=context, target_path=settings.dbt_target)
        # Held back until dbt has let go of the file: asking DuckDB for each table's rows and columns
        # while dbt writes would wait for its lock, table by table.
        events, failure = [], None
        try:
            for event in invocation.stream():
                events.append(event)
        except Exception as error:
            # What dbt did build, and which of its tests failed, is shown before the step fails.
            failure = error
        tables = _tables(settings.warehouse)
        if not failure and context.selected_asset_keys >= set(dbt_models.keys):
            # A part that was built makes no whole: the note is of everything or there is none.
            build_succeeded(settings)
    for event in events:
        yield _described(event, tables)
    if failure:
        raise failure


def _tables(warehouse: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Row count and columns of every relation, keyed as its asset is: (room, name)."""
    columns: dict[tuple[str, ...], list[dg.TableColumn]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        counts = connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables()"
        ).fetchall()
        for schema, table, name, kind, comment in connection.execute(
            "select schema_name, table_name, column_name, data_type, comment "
            "from duckdb_columns() where not internal order by table_oid, column_index"
        ).fetchall():
            columns.setdefault((schema, table), []).append(
                dg.TableColumn(name, type=kind, description=comment)
            )
    found: dict[tuple[str, ...], dict[str, Any]] = {
        key: {"dagster/column_schema": dg.TableSchema(columns=own)} for key, own in columns.items()
    }
    for schema, table, rows in counts:
        found[(schema, table)]["dagster/row_count"] = rows
    return found


def _described(event: Any, tables: dict[tuple[str, ...], dict[str, Any]]) -> Any:
    if not isinstance(event, dg.Output):
        return event
    name = event.metadata.get("unique_id")
    path = NODES.get(str(getattr(name, "value", name)))
    return event.with_metadata({**event.metadata, **tables.get(path or (), {})})


ASSETS = [dbt_models]


def node_names() -> dict[str, dg.AssetKey]:
    """dbt node name → asset key, for what attaches checks to models."""
    nodes = json.loads(MANIFEST.read_text())["nodes"].values()
    translator = Rooms()
    return {
        node["name"]: translator.get_asset_key(node)
        for node in nodes
        if node["resource_type"] in {"model", "seed"}
    }
