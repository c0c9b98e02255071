"""Laws of the books that hold for any ledger: idempotence, completeness, order, and survival of kills."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, Line, act, invoice, load, revenue
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.books import batches, close, open_books, posted_relation, reopen, verify

MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]
FEW = settings(max_examples=15, deadline=None)


@contextmanager
def books() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        yield con, Path(folder) / "books"


@st.composite
def ledgers(draw: st.DrawFn) -> list[Line]:
    """A balanced ledger; drawing it again gives other amounts, months and missing entries."""
    lines: list[Line] = []
    for number in range(draw(st.integers(0, 6))):
        month = draw(st.sampled_from(MONTHS))
        amount = draw(st.integers(-(10**12), 10**12).filter(bool))
        entity = draw(st.sampled_from(["US01", "UK01"]))
        currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
        make = draw(st.sampled_from([invoice, revenue]))
        lines += make(f"n{number}", amount, month, entity=entity, currency=currency)
    return lines


def by_account(con: duckdb.DuckDBPyConnection, relation: str, where: str = "true") -> list:
    return con.execute(
        f"""select entity_id, currency, account_code, period, entry_key,
            sum(debit_minor - credit_minor)::bigint as balance
        from {relation} where {where}
        group by all having balance <> 0 order by all"""
    ).fetchall()


@FEW
@given(st.lists(ledgers(), min_size=3, max_size=3))
def test_the_sum_of_postings_is_what_was_computed_at_the_last_close(versions):
    with books() as (con, root):
        for month, lines in zip(MONTHS, versions, strict=True):
            load(con, lines)
            close(root, con, RELATION, act(month))
            known = by_account(con, RELATION, f"period <= date '{month}'")
            assert by_account(con, posted_relation(root)) == known
        assert verify(root) == []


@FEW
@given(ledgers())
def test_posting_again_posts_nothing(lines):
    with books() as (con, root):
        load(con, lines)
        for month in MONTHS:
            close(root, con, RELATION, act(month))
        reopen(root, con, act(MONTHS[-1], reason="look again"))
        assert close(root, con, RELATION, act(MONTHS[-1])).rows == 0


@FEW
@given(st.lists(ledgers(), min_size=2, max_size=2), st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_comes_does_not_change_a_byte(versions, chance: random.Random):
    with books() as (con, root), books() as (_, other):
        for month, lines in zip(MONTHS, versions, strict=False):
            load(con, lines)
            first = close(root, con, RELATION, act(month))
            shuffled = list(lines)
            chance.shuffle(shuffled)
            load(con, shuffled)
            second = close(other, con, RELATION, act(month))
            assert first.manifest == second.manifest


@FEW
@given(ledgers())
def test_every_batch_balances_in_each_entry_entity_and_currency(lines):
    with books() as (con, root):
        load(con, lines)
        for month in MONTHS:
            close(root, con, RELATION, act(month))
        assert not con.execute(
            f"""select 1 from {posted_relation(root)}
            group by batch_id, entry_key, entity_id, currency
            having sum(debit_minor) <> sum(credit_minor)"""
        ).fetchall()


class Killed(BaseException):
    """Stands for the end of the process: nothing in the code may catch it."""


STEPS = (
    "accepted",
    "computed",
    "entries written",
    "evidence written",
    "manifest written",
    "period folder made",
    "batch visible",
    "head replaced",
)


@pytest.mark.parametrize("kill_at", STEPS)
@pytest.mark.parametrize("act_name", ["open", "close", "reopen"])
def test_a_kill_at_any_step_leaves_the_old_books_or_the_new_ones(tmp_path, kill_at, act_name):
    root = tmp_path / "books"
    old, new = invoice("in_1", 100, MONTHS[0]), invoice("in_2", 50, MONTHS[1])
    seen: list[str] = []

    def step(name: str) -> None:
        seen.append(name)
        if name == kill_at:
            raise Killed

    with duckdb.connect() as con:
        load(con, old + new)

        def perform(**more: object) -> None:
            if act_name == "open":
                open_books(root, con, RELATION, act(MONTHS[0]), **more)
            elif act_name == "close":
                close(root, con, RELATION, act(MONTHS[1]), **more)
            else:
                reopen(root, con, act(MONTHS[0], reason="look again"), **more)

        if act_name != "open":
            close(root, con, RELATION, act(MONTHS[0]))
        before = len(batches(root))
        try:
            perform(step=step)
        except Killed:
            assert seen[-1] == kill_at
        assert verify(root) == []
        done = len(batches(root)) - before
        reached = kill_at in seen
        assert done == (0 if reached and STEPS.index(kill_at) < STEPS.index("batch visible") else 1)
        if not done:
            perform()
        assert len(batches(root)) == before + 1
        assert verify(root) == []
        # The act after it goes on from either state, and finds the head where the chain ends.
        shutil.rmtree(root / ".incoming", ignore_errors=True)
        next_month = {"open": MONTHS[1], "close": MONTHS[2], "reopen": MONTHS[0]}[act_name]
        close(root, con, RELATION, act(next_month))
        assert verify(root) == []
