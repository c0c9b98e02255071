"""Keeps the dbt project to its rules, read off dbt's own manifest: rooms, grain, contracts, names, no clock.

There is no list of exceptions: a rule that cannot hold everywhere is not a rule.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# Data goes one way. A price needs what was billed and paid back (credit notes, disputes), so pricing follows them.
ROOMS = [
    "seeds",
    "staging",
    "contracts",
    "usage",
    "billing",
    "cash",
    "pricing",
    "revenue",
    "receivables",
    "costs",
    "ledger",
    "reconciliation",
    "marts",
]
MART_PREFIXES = {"dim", "fct", "rpt"}
Node = dict[str, Any]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest of the project as it lies here, parsed in a scratch place."""
    scratch = tmp_path_factory.mktemp("manifest")
    command = [
        str(Path(sys.executable).with_name("dbt")), "parse",
        "--project-dir", str(PROJECT), "--target-path", str(scratch),
    ]  # fmt: skip
    environment = os.environ | {
        "TIEOUT_WAREHOUSE": str(scratch / "tieout.duckdb"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_LOG_PATH": str(scratch),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((scratch / "manifest.json").read_text())


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def room(node: Node) -> str:
    """The folder of a model below ``models/``; seeds are one room."""
    return "seeds" if node["resource_type"] == "seed" else node["fqn"][1]


def statements(node: Node) -> str:
    """A model's text without comments and without quoted text."""
    text = re.sub(r"\{#.*?#\}", "", node["raw_code"], flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"'[^']*'", "''", text)


def proofs_of(manifest: dict[str, Any], node: Node) -> list[Node]:
    return [
        manifest["nodes"][child]
        for child in manifest["child_map"][node["unique_id"]]
        if child.startswith("test.")
    ]


def test_every_model_lies_in_a_known_room(models):
    assert {room(model) for model in models} <= set(ROOMS)


def test_no_model_steps_back_a_room(manifest, models):
    back = [
        f"{model['name']} ({room(model)}) reads {parent['name']} ({room(parent)})"
        for model in models
        for name in model["depends_on"]["nodes"]
        if (parent := manifest["nodes"].get(name)) is not None
        and ROOMS.index(room(parent)) > ROOMS.index(room(model))
    ]
    assert not back


def test_only_staging_reads_sources(models):
    assert not [
        model["name"]
        for model in models
        if room(model) != "staging"
        and any(name.startswith("source.") for name in model["depends_on"]["nodes"])
    ]


def test_nothing_reads_a_mart(manifest, models):
    marts = {model["unique_id"] for model in models if room(model) == "marts"}
    assert not [model["name"] for model in models if marts & set(model["depends_on"]["nodes"])]


def test_every_model_says_its_grain_in_the_first_line_of_its_description(models):
    silent = [
        model["name"]
        for model in models
        if not (model["description"].strip().splitlines() or [""])[0].startswith("One row")
    ]
    assert not silent


def test_every_model_proves_its_grain(manifest, models):
    unproven = [
        model["name"]
        for model in models
        if not any(
            (test.get("test_metadata") or {}).get("name") == "unique_combination"
            for test in proofs_of(manifest, model)
        )
    ]
    assert not unproven


def test_every_mart_has_an_enforced_contract_with_a_type_and_a_description_a_column(models):
    marts = [model for model in models if room(model) == "marts"]
    assert len(marts) >= 17
    for mart in marts:
        assert mart["contract"]["enforced"], mart["name"]
        assert mart["columns"], mart["name"]
        for column in mart["columns"].values():
            assert column["data_type"], f"{mart['name']}.{column['name']}"
            assert column["description"].strip(), f"{mart['name']}.{column['name']}"


def test_every_amount_of_a_mart_is_an_integer_that_is_never_null(manifest, models):
    for mart in models:
        if room(mart) != "marts":
            continue
        proven = set()
        for test in proofs_of(manifest, mart):
            told = test.get("test_metadata") or {}
            if told.get("name") == "unique_combination":
                proven |= set(told["kwargs"].get("filled", []))
            elif told.get("name") == "not_null":
                proven.add(test["column_name"])
        for column in mart["columns"].values():
            if column["name"].endswith("_minor"):
                assert column["data_type"] == "bigint", f"{mart['name']}.{column['name']}"
                assert column["name"] in proven, f"{mart['name']}.{column['name']}"


def test_every_amount_of_a_mart_stands_beside_its_currency(models):
    bare = [
        mart["name"]
        for mart in models
        if room(mart) == "marts"
        and any(name.endswith("_minor") for name in mart["columns"])
        and "currency" not in mart["columns"]
    ]
    assert not bare


def test_names_follow_their_room(models):
    wrong = []
    for model in models:
        prefix, name = model["name"].split("_")[0], model["name"]
        if room(model) == "staging":
            source = model["fqn"][2]
            right = name.startswith(f"stg_{source}__")
        elif room(model) == "marts":
            right = prefix in MART_PREFIXES
        else:
            right = prefix not in MART_PREFIXES | {"stg"}
        if prefix == "rec" and room(model) != "reconciliation":
            right = False
        if not right:
            wrong.append(name)
    assert not wrong


def test_the_five_handoffs_have_a_model_each(models):
    names = {model["name"] for model in models}
    assert {
        "rec_orders_to_billing",
        "rec_usage_to_invoices",
        "rec_invoices_to_cash",
        "rec_payouts_to_bank",
        "rec_ledger_to_gl",
    } <= names


@pytest.mark.parametrize(
    "word",
    [
        r"now\s*\(",
        r"current_date",
        r"current_timestamp",
        r"today\s*\(",
        r"random\s*\(",
        r"uuid\s*\(",
        r"\bdouble\b",
        r"\bfloat\b",
        r"\breal\b",
        r"\bselect distinct \*",
    ],
)
def test_no_model_reads_a_clock_a_die_or_a_float(models, word):
    assert not [
        model["name"] for model in models if re.search(word, statements(model), re.IGNORECASE)
    ]


def test_no_model_divides_or_rounds_outside_the_exact_macros(models):
    rough = [
        model["name"]
        for model in models
        if re.search(r"(?<![/{])/(?![/}])|\bround\s*\(", statements(model))
    ]
    assert not rough


def test_a_model_stays_under_150_lines():
    long = {
        path.name: count
        for path in (PROJECT / "models").rglob("*.sql")
        if (count := len(path.read_text().splitlines())) > 150
    }
    assert not long


def test_singular_tests_are_named_as_sentences():
    short = [
        path.stem for path in (PROJECT / "tests").glob("*.sql") if len(path.stem.split("_")) < 4
    ]
    assert not short


def test_every_model_with_logic_of_the_money_rooms_has_a_unit_test(manifest):
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert {
        "transaction_prices",
        "price_allocations",
        "price_reductions",
        "measurement_dates",
        "obligation_movements",
        "obligation_progress",
        "revenue_schedule",
        "invoice_entries",
        "card_entries",
        "bank_entries",
        "revenue_entries",
        "contract_positions",
        "ledger_entry_lines",
        "trial_balance",
        "ar_open_items",
        "ar_ageing",
        "rec_orders_to_billing",
        "rec_usage_to_invoices",
        "rec_invoices_to_cash",
        "rec_payouts_to_bank",
        "rec_ledger_to_gl",
        "rec_summary",
        "rec_chain",
        "presentation_entries",
        "deferred_revenue_rollforward",
        "ar_rollforward",
        "entry_evidence",
        "revenue_waterfall",
        "gl_postings",
        "rec_evidence",
        "withheld_credits",
        "rec_exceptions",
        "handoff_totals",
        "chain_lines",
        "chain_gaps",
        "chain_processor",
        "chain_postings",
        "chain_members",
        "chain_shares",
        "chain_orders",
        "dim_contracts",
        "rpt_trial_balance",
    } <= tested
