"""Runs a directory of cases: compile, one build, compare; and prints one line a case.

The scratch home lives as long as the run, unless the caller gives one to look into afterwards.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestration import settings as config
from orchestration.conformance.accounts import AccountComparison
from orchestration.conformance.case import Case
from orchestration.conformance.comparing import Comparison, Difference, Figures, differences
from orchestration.conformance.measured import Measured
from orchestration.conformance.reading import Suite, read_suite
from orchestration.conformance.scratch import build, compile_suite
from orchestration.settings import REPOSITORY, Settings

BUNDLED_CASES = REPOSITORY / "tests" / "conformance" / "cases"


@dataclass(frozen=True)
class CaseResult:
    """What came of one case: how many figures were compared and which did not agree."""

    case: Case
    figures: int
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def run(cases_dir: Path, home: Path | None = None) -> list[CaseResult]:
    """Every case of a directory through the production models in one build. Errors: CaseError, DbtError."""
    suite = read_suite(cases_dir)
    if home is not None:
        return _run(suite, home)
    with tempfile.TemporaryDirectory(prefix="tieout-conformance-") as scratch:
        return _run(suite, Path(scratch))


def _run(suite: Suite, home: Path) -> list[CaseResult]:
    settings = scratch_settings(home, suite)
    build(compile_suite(suite), settings)
    measured = Measured(settings.warehouse)
    return [compare(case, measured) for case in suite.cases]


def compare(case: Case, measured: Measured) -> CaseResult:
    """One case against a finished warehouse."""
    figures = Figures(case)
    sections = {
        **Comparison(figures, measured).sections(),
        **AccountComparison(figures, measured).sections(),
    }
    found = tuple(differences(sections))
    return CaseResult(case, figures.count, found)


def scratch_settings(home: Path, suite: Suite) -> Settings:
    """Settings of a home that holds nothing but these cases."""
    return replace(config.load({"TIEOUT_HOME": str(home)}), as_of=suite.as_of)


def print_results(results: Sequence[CaseResult], console: Console) -> bool:
    """One line a case, the differences below it, a count by topic; true when all passed."""
    table = Table("case", "topic", "what it shows", "figures", "result", box=None)
    for result in sorted(results, key=lambda result: (result.case.topic, result.case.id)):
        note = " (our policy)" if result.case.policy else ""
        verdict = "[green]pass[/green]" if result.passed else "[red]FAIL[/red]"
        table.add_row(
            result.case.id,
            result.case.topic,
            result.case.title + note,
            str(result.figures),
            verdict,
        )
        for difference in result.differences:
            table.add_row("", "", f"  [dim]{difference}[/dim]", "", "")
    console.print(table)
    total = Counter(result.case.topic for result in results)
    passed = Counter(result.case.topic for result in results if result.passed)
    summary = Table("topic", "cases", "passed", box=None)
    for topic in sorted(total):
        summary.add_row(topic, str(total[topic]), str(passed[topic]))
    summary.add_row("all", str(len(results)), str(passed.total()), style="bold")
    console.print(summary)
    return passed.total() == len(results)
