"""Words for a movement travel from the command line to the period's folder, the marts and the checklist."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

from orchestration import books, dbt, pipeline
from orchestration import settings as config
from orchestration.flux import flux_fact, lines_of
from tests.conftest import TIEOUT, home_environment

MAY = date(2026, 5, 1)


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TIEOUT, *arguments],
        env=home_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_explanation_is_kept_with_its_period_and_the_marts_carry_it(copied_home: Path):
    settings = config.load(home_environment(copied_home))
    before = lines_of(settings.warehouse, MAY)
    assert before and not any(line.explanation for line in before)
    line = before[0].line_id

    kept = run(copied_home, "explain", "2026-05", line, "--text", "=One deal", "--by", "ada")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "=One deal (ada)" in run(copied_home, "flux", "2026-05").stdout
    assert [one.line_id for one in books.explanations(settings.books, MAY)] == [line]
    assert books.verify(settings.books) == []

    pipeline.show(settings)
    dbt.run(
        settings,
        "build",
        "--select",
        "stg_books__explanations+",
        "--exclude-resource-type",
        "unit_test",
    )
    after = {one.line_id: one for one in lines_of(settings.warehouse, MAY)}
    assert (after[line].explanation, after[line].explained_by) == ("=One deal", "ada")
    assert flux_fact(settings.warehouse, MAY).detail.startswith(f"1 of {len(before)} ")


def test_a_line_that_the_period_does_not_have_is_refused(copied_home: Path):
    refused = run(copied_home, "explain", "2026-05", "revenue/XX/none/plan", "--text", "a")
    assert refused.returncode != 0
    assert "has no line 'revenue/XX/none/plan'" in refused.stderr
