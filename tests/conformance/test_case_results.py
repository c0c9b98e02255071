"""The published examples through the production models, in one build, and what the table says of a wrong figure.

``HOLDING`` grows with the engine until it is every case.
"""

from __future__ import annotations

import io
import shutil

import pytest
from rich.console import Console

from orchestration.conformance.running import BUNDLED_CASES, CaseResult, print_results, run

HOLDING = {
    *("ALLOC-01", "ALLOC-03a", "ALLOC-03b", "ALLOC-05a", "ALLOC-07", "O01", "O08"),
    *("S11", "S13", "S14", "S15", "S19", "S20", "S22", "S24", "S34", "SRR-04", "SRR-07", "SRR-08"),
    *("COM-01", "COM-04", "COM-05", "BAL-01", "O24"),
    *("BRK-01", "BRK-03", "BRK-04", "CRED-01", "CRED-03", "CRED-04", "CRED-06", "CRED-07", "S33"),
    *("SFC-01", "SFC-03", "LOY-01", "O27", "OPT-01"),
    *("MOD-01", "MOD-02", "MOD-03", "MOD-05", "O17", "O19", "O21", "S07", "SRR-10"),
    *("S09", "S30", "S31", "SRR-02"),
    *("O03", "O04", "O06", "O13", "PA-01", "POC-02", "S01", "S02", "SRR-01"),
    *("credit-note-above-invoice", "estimate-above-cap", "modification-before-contract"),
    *("no-selling-price", "not-collectable", "overlapping-versions"),
    *("service-dates-reversed", "unreasonable-residual"),
    *("RPO-01", "S26", "S28", "O11", "RATE-01", "RATE-03", "S03"),
    *("tax-inclusive", "rate-card-with-an-end", "financing-beyond-ten-years"),
    *("refund-above-its-note", "deposit-overdrawn"),
    *("O15", "RET-01", "VAR-01", "VAR-04", "VAR-05", "VAR-06", "VAR-09", "W1", "W5"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """The bundled cases, and one copy whose published figure has been altered by a cent."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copytree(BUNDLED_CASES, folder, dirs_exist_ok=True)
    altered = (BUNDLED_CASES / "recognition" / "S01.yml").read_text()
    altered = altered.replace("id: S01", "id: altered", 1).replace("14.00}", "14.01}", 1)
    (folder / "recognition" / "altered.yml").write_text(altered)
    return {result.case.id: result for result in run(folder)}


@pytest.mark.parametrize("case_id", sorted(HOLDING))
def test_a_published_example_comes_out_of_the_models(results: dict[str, CaseResult], case_id: str):
    assert [str(difference) for difference in results[case_id].differences] == []
    assert results[case_id].figures > 0


def test_every_case_of_the_directory_has_a_result(results: dict[str, CaseResult]):
    files = [path for path in BUNDLED_CASES.rglob("*.yml") if path.name != "suite.yml"]
    assert {path.stem for path in files} | {"altered"} == set(results)


def test_a_figure_that_is_a_cent_off_fails_its_case_and_only_it(results: dict[str, CaseResult]):
    differences = [str(difference) for difference in results["altered"].differences]
    assert differences == ["revenue in 2019-02: expected 14.01, found 14.00"]
    assert results["S01"].passed


def test_the_table_has_a_line_a_case_and_a_count_by_topic(results: dict[str, CaseResult]):
    output = io.StringIO()
    chosen = [results["altered"], results["S01"]]
    assert not print_results(chosen, Console(file=output, width=120))
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert ["altered", "recognition", "A", "month", "from", "mid", "January", "5", "FAIL"] in lines
    assert ["recognition", "2", "1"] in lines and ["all", "2", "1"] in lines
