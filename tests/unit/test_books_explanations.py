"""Explanations are kept with their period, before and after the seal, and a changed one is found."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, act, invoice, load

from orchestration.books import batches, close, explain, explanations, relations, verify
from orchestration.books.store import BooksError

MAY = date(2026, 5, 1)
NOON = datetime(2026, 6, 4, 12, tzinfo=UTC)
LINE = "revenue/US01/on_demand/prior_month"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """May sealed, explained once before the seal and twice after it."""
    folder = tmp_path / "books"
    explain(folder, MAY, LINE, "A migration began", "ada", NOON)
    with duckdb.connect() as con:
        load(con, invoice("in_1", 1000, MAY))
        close(folder, con, RELATION, act(MAY))
    explain(folder, MAY, LINE, "A migration began; it's over in July", "grace", NOON)
    explain(folder, MAY, "account/US01/1100", "One large payment", "ada", NOON)
    return folder


def files(root: Path) -> dict[int, Path]:
    found = root.glob("2026-05/explanation-*.json")
    return {json.loads(path.read_bytes())["sequence"]: path for path in found}


def test_explanations_may_come_before_and_after_the_seal_and_the_books_verify(root):
    assert [one.sequence_no for one in explanations(root, MAY)] == [1, 2, 3]
    assert len(batches(root)) == 1
    assert verify(root) == []


def test_an_altered_explanation_is_named(root):
    path = files(root)[2]
    path.write_bytes(path.read_bytes().replace(b"July", b"June"))
    (problem,) = verify(root)
    assert str(problem).startswith(f"explanations: 2026-05/{path.name} was altered")


def test_an_explanation_taken_out_is_missed(root):
    files(root)[2].unlink()
    (problem,) = verify(root)
    assert "an explanation of 2026-05 before number 3 is missing" in str(problem)


def test_an_explanation_moved_to_another_period_is_named(root):
    path = files(root)[1]
    (root / "2026-04").mkdir()
    path.rename(root / "2026-04" / path.name)
    assert any("was moved: it explains 2026-05" in str(problem) for problem in verify(root))


def test_damaged_explanations_are_not_added_to(root):
    path = files(root)[1]
    path.write_bytes(path.read_bytes().replace(b"ada", b"eve"))
    with pytest.raises(BooksError, match="was altered"):
        explain(root, MAY, LINE, "more", "ada", NOON)


@pytest.mark.parametrize(("text", "by"), [(" ", "ada"), ("words", "")])
def test_an_explanation_without_words_or_author_is_refused(tmp_path, text, by):
    with pytest.raises(BooksError, match="needs words and somebody"):
        explain(tmp_path, MAY, LINE, text, by, NOON)


def test_the_warehouse_sees_every_explanation_as_it_was_given(root):
    shown = relations(root)["books__explanation"]
    assert duckdb.sql(
        f"select sequence_no, line_id, explanation, explained_by from {shown}"
    ).fetchall() == [
        (1, LINE, "A migration began", "ada"),
        (2, LINE, "A migration began; it's over in July", "grace"),
        (3, "account/US01/1100", "One large payment", "ada"),
    ]


def test_books_without_explanations_show_none_with_the_same_columns(tmp_path, root):
    empty, full = (
        duckdb.sql(f"from {relations(at)['books__explanation']}") for at in (tmp_path, root)
    )
    assert empty.fetchall() == []
    assert (empty.columns, empty.types) == (full.columns, full.types)
