"""The demo as a newcomer sees it: what it prints, and that every figure printed is backed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb

from tests.conftest import ROOT

HANDOFFS = {
    "orders_to_billing",
    "usage_to_invoices",
    "invoices_to_cash",
    "payouts_to_bank",
    "ledger_to_gl",
}


def test_the_demo_prints_each_handoff_with_nothing_unexplained(finished_home: Path):
    printed = (finished_home / "demo.txt").read_text()
    assert "unexplained in total: 0" in printed
    with duckdb.connect(
        str(finished_home / "published" / "tieout.duckdb"), read_only=True
    ) as marts:
        rows = marts.execute(
            "select handoff, left_minor from marts.rpt_reconciliation_summary"
        ).fetchall()
    assert {handoff for handoff, _ in rows} == HANDOFFS
    for handoff, left in rows:
        assert re.search(rf"{handoff}\b.*{left:,}\b", printed), (handoff, left)


def test_every_planted_defect_is_found_and_nothing_else_is_raised(finished_home: Path):
    truth = json.loads((finished_home / "sandbox" / "truth.json").read_text())["defects"]
    planted = {defect["reason_code"] for defect in truth}
    assert len(planted) >= 20
    printed = (finished_home / "demo.txt").read_text()
    lines = {
        found.group(1): (found.group(2), found.group(3))
        for found in re.finditer(r"^ (\w+) +\d+ +\d+ +\d+ +([\d.]+) +([\d.]+)", printed, re.M)
    }
    assert lines == {code: ("1.00", "1.00") for code in planted}
    with duckdb.connect(
        str(finished_home / "published" / "tieout.duckdb"), read_only=True
    ) as marts:
        raised = marts.execute(
            "select distinct reason_code from marts.rpt_exceptions where is_defect"
        ).fetchall()
    assert {code for (code,) in raised} == planted


def test_the_books_differ_from_the_erp_only_by_what_is_named(finished_home: Path):
    """A one-sided pair, a missing posting or a manual journal each stand in a column of their own."""
    with duckdb.connect(
        str(finished_home / "published" / "tieout.duckdb"), read_only=True
    ) as marts:
        compared, differing, unexplained = marts.execute(
            """select count(*), count(*) filter (where difference_minor <> 0),
                count(*) filter (where unexplained_minor <> 0) from marts.rpt_books_to_gl"""
        ).fetchone() or (0, 0, 0)
    assert compared > 100 and differing > 0
    assert unexplained == 0


def test_the_demo_seals_four_months_and_bridges_a_recast(finished_home: Path):
    printed = (finished_home / "demo.txt").read_text()
    for month in ("2026-03", "2026-04", "2026-05", "2026-06"):
        assert re.search(rf"^ {month} +0000", printed, re.M), month
    assert "4 batches, chain verifies" in printed
    third = re.search(r"^ 2026-06 .*", printed, re.M)
    assert third and "late usage" in third.group()
    assert re.search(r"unexplained in [\d,]+ lines: 0 +every amount has its cause", printed)


def test_planted_defects_cover_all_five_handoffs(finished_home: Path):
    truth = json.loads((finished_home / "sandbox" / "truth.json").read_text())["defects"]
    assert {defect["handoff"] for defect in truth} >= HANDOFFS


def test_the_pipeline_never_reads_the_truth():
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("orchestration", "expectations", "dbt_project")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".yml"} and "truth.json" in path.read_text()
    ]
    allowed = ("orchestration/sandbox/", "orchestration/demo.py", "orchestration/score.py")
    assert all(
        reader.startswith((*allowed, "orchestration/reports/summary.py")) for reader in readers
    ), readers
