"""Published examples with known answers, run through the production models.

A case is a YAML file (FORMAT.md is its reference): ``terms``, ``events`` and ``expected`` are its keys,
``reading`` reads and refuses. Accounting is never computed here: a case's figures come from its source.
"""

from orchestration.conformance.case import Case
from orchestration.conformance.reading import CaseError, Suite, read_case, read_suite

__all__ = ["Case", "CaseError", "Suite", "read_case", "read_suite"]
