"""The books: what each close posted, append-only and chained by hashes. The only writer of ``books/``.

Belongs here: posting the difference, sealing, verifying, reproducing, the states of a period and the
checklist of its close. Does not belong: what an entry should say (dbt) and how it is shown (reports).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.books.difference import session
from orchestration.books.evidence import (
    Load,
    evidence_of,
    policy_hash,
    read_evidence,
    stage_evidence,
)
from orchestration.books.explanations import Explanation, explain, explained_relation, explanations
from orchestration.books.lines import files_relation
from orchestration.books.materiality import Approval, Materiality
from orchestration.books.periods import states
from orchestration.books.posting import EVIDENCE, Act, Preview, close, open_books, preview, reopen
from orchestration.books.reproduction import Reproduction, reproduce
from orchestration.books.store import Batch, BooksError, batches, entry_files, parse_period
from orchestration.books.verify import Problem, verify


def posted_relation(root: Path) -> str:
    """Every posted line as a DuckDB relation (SQL text); empty, of the same columns, while none is."""
    return files_relation(entry_files(root))


def relations(root: Path) -> dict[str, str]:
    """What the warehouse is shown of the books: name of the raw view → relation (SQL text)."""
    return {
        "books__entry": posted_relation(root),
        "books__explanation": explained_relation(root),
    }


def evidence_in(batch: Batch) -> tuple[Load, ...]:
    """The loads a batch was made from, as it recorded them."""
    return read_evidence(batch.path / EVIDENCE)


__all__ = [
    "Act",
    "Approval",
    "Batch",
    "BooksError",
    "Explanation",
    "Materiality",
    "Preview",
    "Problem",
    "Reproduction",
    "batches",
    "close",
    "evidence_in",
    "evidence_of",
    "explain",
    "explanations",
    "open_books",
    "parse_period",
    "policy_hash",
    "posted_relation",
    "preview",
    "relations",
    "reopen",
    "reproduce",
    "session",
    "stage_evidence",
    "states",
    "verify",
]
