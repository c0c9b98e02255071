"""Published examples with known answers, run through the production models.

A case is a YAML file (FORMAT.md is its reference): ``terms``, ``events`` and ``expected`` are its keys, ``reading``
reads and refuses; ``scratch`` turns all of them into evidence and runs the models; ``comparing`` and ``accounts``
hold the result against the case. Accounting is never computed here: a case's figures come from its source.
"""

from orchestration.conformance.case import Case
from orchestration.conformance.reading import CaseError, Suite, read_case, read_suite
from orchestration.conformance.running import BUNDLED_CASES, CaseResult, print_results, run

__all__ = [
    "BUNDLED_CASES",
    "Case",
    "CaseError",
    "CaseResult",
    "Suite",
    "print_results",
    "read_case",
    "read_suite",
    "run",
]
