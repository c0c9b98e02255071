"""The raw schema: DuckDB views over landing/, one an object, and what the loaders recorded.

Views are made from the files that are there; an object that never landed is an empty view of the same
columns, so models build on an empty landing too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from orchestration.landing.catalogue import (
    API_OBJECTS,
    ENVELOPE,
    LEAN,
    PULL_FAILURE,
    QUARANTINE,
    TYPED,
)
from orchestration.landing.loads import MANIFEST
from orchestration.landing.loads import QUARANTINE as QUARANTINE_FILE
from orchestration.landing.staging import literal

_INPUT = (
    "STRUCT(file VARCHAR, sha256 VARCHAR, size_bytes BIGINT, rows BIGINT, status VARCHAR,"
    " first_day DATE, last_day DATE, reason_code VARCHAR, reason VARCHAR)"
)
_MANIFEST_COLUMNS = {
    "load_id": "VARCHAR",
    "source": "VARCHAR",
    "object": "VARCHAR",
    "entity": "VARCHAR",
    "via": "VARCHAR",
    "status": "VARCHAR",
    "window": 'STRUCT("from" TIMESTAMP, "to" TIMESTAMP)',
    "received": "BIGINT",
    "rows": "BIGINT",
    "quarantined": "BIGINT",
    "controls": "JSON",
    "drift": "VARCHAR[]",
    "started": "TIMESTAMP",
    "files": "STRUCT(name VARCHAR, sha256 VARCHAR, size_bytes BIGINT)[]",
    "inputs": f"{_INPUT}[]",
}
# A file that feeds two objects is counted once, at the object named here.
_FILE_OBJECTS = {
    "metering": ("usage_event",),
    "bank": ("statement",),
    "erp": ("trial_balance", "journal_line"),
    "fx": ("rate",),
}


@retry(
    retry=retry_if_exception_type(duckdb.IOException),
    wait=wait_fixed(1),
    stop=stop_after_delay(120),
    reraise=True,
)
def _opened(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The warehouse, to write. The dbt of a run that was killed may still hold it for a while."""
    return duckdb.connect(str(warehouse))


def build_raw(warehouse: Path, landing: Path, further: Mapping[str, str] | None = None) -> None:
    """Create or replace every raw view in the warehouse; nothing needs to have landed.

    ``further`` are views over what is no evidence of a source: name → relation.

    Waits two minutes for another writer. Errors: duckdb.IOException naming who holds the file.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    root = landing.resolve()
    with _opened(warehouse) as connection:
        connection.begin()
        connection.execute("create schema if not exists raw")
        for name, select in _views(root).items():
            connection.execute(f"create or replace view raw.{name} as {select}")
        for name, relation in (further or {}).items():
            connection.execute(f"create or replace view raw.{name} as from {relation}")
        connection.commit()


def _views(root: Path) -> dict[str, str]:
    views = {}
    for source, names in API_OBJECTS.items():
        for name in names:
            columns = {**ENVELOPE, "payload": "VARCHAR"}
            views[f"{source}__{name}"] = _parts(root, source, name, columns)
    for (source, name), typed in TYPED.items():
        columns = {**ENVELOPE, "_file": "VARCHAR", **typed}
        if (source, name) == ("metering", "usage_event"):
            views[f"{source}__{name}"] = _usage(root, columns, typed)
        else:
            views[f"{source}__{name}"] = _parts(root, source, name, columns)
    views["landing__load"] = _loads(root)
    views["landing__file"] = _files(root)
    views["landing__quarantine"] = _found(root, f"*/*/*/{QUARANTINE_FILE}", QUARANTINE)
    views["landing__pull_failure"] = _failures(root)
    return views


def _found(root: Path, pattern: str, columns: Mapping[str, str]) -> str:
    """The columns of the Parquet files that match, or of none."""
    if next(root.glob(pattern), None) is None:
        nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
        return f"select {nothing} where false"
    listed = ", ".join(columns)
    return f"select {listed} from read_parquet({literal(root / pattern)})"


def _parts(root: Path, source: str, name: str, columns: Mapping[str, str]) -> str:
    return _found(root, f"{source}/{name}/*/part-*.parquet", columns)


def _usage(root: Path, columns: Mapping[str, str], typed: Mapping[str, str]) -> str:
    held = _parts(root, "metering", "usage_event", {**LEAN, "_file": "VARCHAR", **typed})
    constant = {
        "_source": "'metering'",
        "_object": "'usage_event'",
        "_entity": "cast(null as varchar)",
        "_id": "event_id",
        "_deleted": "false",
    }
    listed = ", ".join(f"{constant.get(name, name)} as {name}" for name in columns)
    return f"select {listed} from ({held})"


def _manifests(root: Path) -> str:
    if next(root.glob(f"*/*/*/{MANIFEST}"), None) is None:
        nothing = ", ".join(
            f'cast(null as {kind}) as "{name}"' for name, kind in _MANIFEST_COLUMNS.items()
        )
        return f"(select {nothing} where false)"
    listed = ", ".join(f"'{name}': {literal(kind)}" for name, kind in _MANIFEST_COLUMNS.items())
    return (
        f"read_json({literal(root / '*/*/*' / MANIFEST)}, columns = {{{listed}}},"
        " format = 'unstructured', maximum_object_size = 268435456)"
    )


def _loads(root: Path) -> str:
    return (
        "select load_id, source, object, entity, via, status,"
        ' "window"."from" as window_from, "window"."to" as window_to, received, rows, quarantined,'
        " drift, controls, started,"
        " list_sort(list_transform(files, lambda f: f.name || ' ' || f.sha256)) as files"
        f" from {_manifests(root)}"
    )


def _files(root: Path) -> str:
    pairs = ", ".join(
        f"({literal(source)}, {literal(name)})"
        for source, names in _FILE_OBJECTS.items()
        for name in names
    )
    return (
        "select source, input.file, input.sha256, input.size_bytes, input.rows, input.first_day,"
        " input.last_day, input.status, input.reason_code, input.reason, load_id, started as _landed_at"
        f" from (select source, load_id, started, unnest(inputs) as input from {_manifests(root)}"
        f" where (source, object) in ({pairs}))"
    )


def _failures(root: Path) -> str:
    held = _found(root, "landing/pull_failure/*/part-*.parquet", PULL_FAILURE)
    return (
        f"select * from ({held}) qualify row_number() over (partition by source, object, entity"
        " order by recorded_at desc, state desc) = 1 and state = 'failed'"
    )
