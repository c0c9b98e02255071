"""Keeps the rooms of the Python code apart: who may import whom, read off the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*(ROOT / "orchestration").rglob("*.py"), *(ROOT / "expectations").rglob("*.py")])


def room(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(inside: str, banned: tuple[str, ...], allowed: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{room(path)} imports {name}"
        for path in MODULES
        if room(path).startswith(inside)
        for name in imports(path)
        if name.startswith(banned) and not name.startswith(allowed or ("\0",))
    ]


def test_sources_know_neither_dagster_nor_the_sandbox_nor_the_warehouse():
    assert not offenders(
        "orchestration.sources",
        ("dagster", "dbt", "orchestration.sandbox", "orchestration.defs", "expectations"),
    )


def test_the_sandbox_shares_no_module_with_the_pipeline():
    assert not offenders(
        "orchestration.sandbox",
        ("orchestration", "expectations"),
        allowed=("orchestration.sandbox",),
    )


def test_nothing_but_the_wiring_and_the_score_reaches_into_the_sandbox():
    reaching = {
        room(path)
        for path in MODULES
        if not room(path).startswith("orchestration.sandbox")
        and any(name.startswith("orchestration.sandbox") for name in imports(path))
    }
    # The demo lets the months of its company pass.
    assert reaching <= {
        "orchestration.defs.resources",
        "orchestration.cli",
        "orchestration.bench",
        "orchestration.demo_closes",
    }


def test_controls_do_not_know_the_orchestrator():
    assert not offenders("expectations", ("dagster", "orchestration.defs"))


def test_only_wiring_imports_dagster():
    banned = [
        line
        for line in offenders("orchestration", ("dagster",))
        if not line.startswith(("orchestration.defs", "orchestration.definitions"))
    ]
    # The demo runs the jobs in process; that is its whole purpose.
    assert {line.split()[0] for line in banned} <= {
        "orchestration.demo",
        "orchestration.demo_closes",
    }


def test_only_settings_reads_tieout_variables():
    readers = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            reads = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"get", "getenv"}
                and "environ" in ast.unparse(node.func) + ast.unparse(node)
                and node.args
            )
            if reads and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
                if name.startswith("TIEOUT_"):
                    readers.add(room(path))
    assert readers <= {"orchestration.settings"}


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_a_module_opens_with_its_charter_and_stays_one_room(path: Path):
    text = path.read_text()
    charter = ast.get_docstring(ast.parse(text)) or ""
    assert 1 <= len(charter.splitlines()) <= 8 and charter, f"{path} has no charter"
    assert len(text.splitlines()) <= 500, f"{path} is two rooms"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


def test_the_top_level_is_the_fixed_one():
    allowed = {
        "orchestration",
        "dbt_project",
        "expectations",
        "tests",
        "workspace.yaml",
        "pyproject.toml",
        "README.md",
        "Makefile",
        "DECISIONS.md",
        "CHANGELOG.md",
        "LICENSE",
        "requirements.lock",
        "var",
    }
    found = {
        entry.name
        for entry in ROOT.iterdir()
        if not entry.name.startswith(".") and not entry.name.endswith(".egg-info")
    }
    assert found <= allowed, f"outside the fixed layout: {sorted(found - allowed)}"
