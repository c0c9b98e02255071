"""Gives property tests the project's own SQL: macros and models as dbt compiles them, run in an empty DuckDB.

Nothing is re-typed here: a property holds for the text that runs in production.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


MODELS = (
    "billing_plan",
    "pool_drawdowns",
    "measured_progress",
    "obligation_progress",
    "selling_price_weights",
    "price_allocations",
    "segment_prices",
    "flux_components",
    "revenue_flux_lines",
    "revenue_flux_prices",
    "revenue_plan_newest",
    "plan_flux",
    "revenue_flux",
)
Compile = Callable[..., str]


@pytest.fixture(scope="session")
def compiled_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session")
def dbt_compile(compiled_root: Path) -> Compile:
    """Run ``dbt compile`` in a scratch place and return what it prints."""
    environment = os.environ | {
        "TIEOUT_WAREHOUSE": str(compiled_root / "tieout.duckdb"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_LOG_PATH": str(compiled_root),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }

    def compile_(*arguments: str) -> str:
        command = [
            str(Path(sys.executable).with_name("dbt")), "--quiet", "compile",
            "--project-dir", str(PROJECT), "--target-path", str(compiled_root), *arguments,
        ]  # fmt: skip
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return compile_


@pytest.fixture(scope="session")
def macro_sql(dbt_compile: Compile) -> dict[str, str]:
    """One query a macro, over a table ``given``."""
    calls = {
        "mul_div": "select n, {{ mul_div('a', 'b', 'c') }} as answer from given order by n",
        "half_even": "select n, {{ half_even('x') }} as answer from given order by n",
        "largest_remainder": (
            "select * from ({{ largest_remainder('given', ['g'], ['k'], 'total', 'weight') }})"
            " order by g, k"
        ),
    }
    text = dbt_compile("--inline", "\n-- next\n".join(calls.values()))
    parts = text.split("-- next\n")
    assert len(parts) == len(calls), text
    return dict(zip(calls, (part.strip() for part in parts), strict=True))


@pytest.fixture(scope="session")
def model_sql(dbt_compile: Compile, compiled_root: Path) -> dict[str, str]:
    """The compiled text of each model; relations are ``tieout.<room>.<model>``."""
    dbt_compile("--select", *MODELS)
    found = {path.stem: path for path in compiled_root.rglob("compiled/**/*.sql")}
    return {model: found[model].read_text() for model in MODELS}


@pytest.fixture(scope="session")
def duck() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB whose catalogue has the warehouse's name."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as tieout")
    return connection
