"""Verification names the first bad batch after every kind of tampering; reproduction compares bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, act, invoice, load, revenue

from orchestration.books import batches, close, reproduce, stage_evidence, verify
from orchestration.books.evidence import Load, evidence_of, policy_hash
from orchestration.books.store import BooksError, canonical, sealed

MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three sealed months."""
    folder = tmp_path / "books"
    with duckdb.connect() as con:
        lines = []
        for number, month in enumerate(MONTHS):
            lines += invoice(f"in_{number}", 1000 + number, month)
            load(con, lines)
            close(folder, con, RELATION, act(month))
    return folder


def batch(root: Path, sequence: int) -> Path:
    return batches(root)[sequence - 1].path


def edit(path: Path, change: Callable[[dict], None], *, reseal: bool = False) -> None:
    document = json.loads((path / "manifest.json").read_bytes())
    change(document)
    (path / "manifest.json").write_bytes(canonical(sealed(document) if reseal else document))


def first(root: Path, **more: str) -> str:
    return str(verify(root, **more)[0])


def test_untouched_books_verify(root):
    assert verify(root) == []


@pytest.mark.parametrize("place", [0, 100, -1])
def test_one_altered_byte_names_its_batch(root, place):
    path = batch(root, 2) / "entries-0001.parquet"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert first(root).startswith("000002-close: its file entries-0001.parquet was altered")


def test_a_deleted_middle_batch_is_named(root):
    shutil.rmtree(batch(root, 2))
    assert first(root) == "000002: batch 000002 is missing: 000003-close follows"


def test_a_deleted_last_batch_is_named_by_the_head(root):
    shutil.rmtree(batch(root, 3))
    assert first(root).startswith("000003-close: it is missing")


def test_a_chain_cut_together_with_its_head_is_found_by_a_seal_noted_elsewhere(root):
    noted = batches(root)[-1].seal
    shutil.rmtree(batch(root, 3))
    last = batches(root)[-1]
    head = {"batch_id": last.batch_id, "sequence": last.sequence, "seal": last.seal}
    (root / "head.json").write_bytes(canonical(head))
    assert verify(root) == []
    assert "was cut or rewritten" in first(root, expected_head=noted)


def test_an_edited_manifest_is_named(root):
    edit(batch(root, 2), lambda document: document.update(approved_by="nobody"))
    assert first(root).startswith("000002-close: its manifest was edited")


def test_an_edited_and_resealed_manifest_is_named_by_its_successor(root):
    edit(batch(root, 2), lambda document: document.update(approved_by="nobody"), reseal=True)
    assert first(root).startswith("000002-close: the chain is broken: 000003-close was sealed over")


def test_the_last_manifest_edited_and_resealed_is_named_by_the_head(root):
    edit(batch(root, 3), lambda document: document.update(approved_by="nobody"), reseal=True)
    assert first(root).startswith("000003-close: its manifest was replaced")


def test_a_reordered_chain_is_named(root):
    second, third = batch(root, 2), batch(root, 3)
    second.rename(root / "aside")
    third.rename(third.parent / "000002-close")
    (root / "aside").rename(second.parent / "000003-close")
    problems = verify(root)
    assert problems[0].batch_id == "000002-close"
    assert any("reordered" in problem.what for problem in problems)


def test_swapped_contents_of_two_batches_are_named(root):
    second, third = batch(root, 2), batch(root, 3)
    second.rename(root / "aside")
    third.rename(second)
    (root / "aside").rename(third)
    assert first(root).startswith("000002-close: its folder was renamed")


def test_a_batch_moved_to_another_month_is_named(root):
    path = batch(root, 2)
    target = root / "2026-05"
    target.mkdir()
    path.rename(target / path.name)
    assert first(root) == "000002-close: it was moved: the manifest says period 2026-02"


def test_a_file_added_to_a_batch_is_named(root):
    (batch(root, 1) / "entries-0002.parquet").write_bytes(b"PAR1")
    assert first(root) == "000001-close: entries-0002.parquet was added to it"


def test_a_folder_that_is_no_batch_is_named(root):
    (root / "2026-02" / "000004-close").mkdir()
    assert first(root) == "000004-close: it has no manifest"


def test_totals_that_do_not_add_up_are_named_even_when_every_hash_fits(root):
    def swell(document: dict) -> None:
        document["totals"][0]["debit_minor"] += 1

    edit(batch(root, 3), swell, reseal=True)
    (root / "head.json").unlink()
    assert "000003-close: its totals by account do not add up" in first(root)


def test_each_sealed_month_comes_out_the_same_byte_for_byte(root, tmp_path):
    with duckdb.connect() as con:
        lines = []
        for number, month in enumerate(MONTHS):
            lines += invoice(f"in_{number}", 1000 + number, month)
            load(con, list(reversed(lines)))
            made = reproduce(
                root, con, batches(root)[number].batch_id, RELATION, tmp_path / "again"
            )
            assert made.is_identical, made.differences


def test_a_month_that_comes_out_differently_names_the_first_line_and_the_policies(root, tmp_path):
    with duckdb.connect() as con:
        load(con, invoice("in_0", 1000, MONTHS[0]) + revenue("oi_1", 5, MONTHS[0]))
        made = reproduce(
            root, con, "000001-close", RELATION, tmp_path / "again", policy_hash="policy-2"
        )
    assert not made.is_identical
    assert "entry revenue:oi_1:2026-01-01, account 2100, 5 minor units" in made.differences[2]
    assert "check out revision revision-1" in made.differences[-1]


def test_exactly_the_evidence_of_a_batch_is_staged_again(tmp_path):
    landing = tmp_path / "landing"
    for name in ("a", "b"):
        (landing / "stripe" / "invoice" / name).mkdir(parents=True)
        (landing / "stripe" / "invoice" / name / "_manifest.json").write_text(name)
    known = evidence_of(landing)
    assert [load.path for load in known] == ["stripe/invoice/a", "stripe/invoice/b"]
    staged = stage_evidence(landing, known[:1], tmp_path / "staged")
    assert [load.path for load in evidence_of(staged)] == ["stripe/invoice/a"]
    with pytest.raises(BooksError, match=r"evidence stripe/invoice/c is no longer"):
        stage_evidence(landing, [Load("stripe/invoice/c", "0")], tmp_path / "again")
    (landing / "stripe" / "invoice" / "a" / "_manifest.json").write_text("edited")
    with pytest.raises(BooksError, match=r"evidence stripe/invoice/a was altered"):
        stage_evidence(landing, known[:1], tmp_path / "third")


def test_the_hash_of_the_policies_sees_content_and_name(tmp_path):
    (tmp_path / "entities.csv").write_text("a\n")
    before = policy_hash(tmp_path)
    (tmp_path / "entities.csv").write_text("b\n")
    changed = policy_hash(tmp_path)
    (tmp_path / "entities.csv").rename(tmp_path / "accounts.csv")
    assert len({before, changed, policy_hash(tmp_path)}) == 3


def test_the_bytes_of_a_batch_do_not_depend_on_the_number_of_threads(tmp_path):
    hashes = set()
    for threads in (1, 4):
        with duckdb.connect() as con:
            con.execute(f"set threads = {threads}")
            # Several row groups, in an order that the posting has to undo.
            con.execute(
                """create table many as
                select 'invoice:' || (i // 2) as entry_key, 'invoice' as entry_type,
                    'US01' as entity_id, date '2026-01-01' as period, 'USD' as currency,
                    ['1100', '2100'][i % 2 + 1] as account_code, 'invoice finalised' as rule,
                    case when i % 2 = 0 then i // 2 + 1 else 0 end as debit_minor,
                    case when i % 2 = 1 then i // 2 + 1 else 0 end as credit_minor
                from range(300000) as numbers(i) order by hash(i + ?)""",
                [threads],
            )
            sealed_batch = close(tmp_path / str(threads), con, "many", act(MONTHS[0]))
            assert sealed_batch.rows == 300_000
            hashes.add(sealed_batch.seal)
    assert len(hashes) == 1
