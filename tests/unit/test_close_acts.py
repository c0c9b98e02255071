"""What follows a seal: exports and signatures are recorded, four eyes are two people, tampering is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, act, invoice, load

from orchestration import closing
from orchestration import settings as config
from orchestration.books import BooksError, batches, close, open_books, posted_relation, verify
from orchestration.books.acts import acts_of, record
from orchestration.books.store import file_hash
from orchestration.close_facts import checklist_of, recorded_facts
from orchestration.closing import CloseBlockedError, release_opening, sign_off
from orchestration.settings import Settings

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)
NOW = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def sealed(tmp_path: Path) -> Settings:
    """January is sealed, prepared by ana, and its packet is made and published."""
    settings = config.load({"TIEOUT_HOME": str(tmp_path)})
    with duckdb.connect() as con:
        load(con, invoice("in_1", 120_05, JAN))
        close(settings.books, con, RELATION, act(JAN))
    [batch] = batches(settings.books)
    packet = closing.packet_folder(settings, JAN) / "consolidated.xlsx"
    packet.parent.mkdir(parents=True)
    packet.write_bytes(b"a workbook")
    before = ("evidence", "models", "controls", "exceptions", "soft_close", "prior_period", "flux")
    fact = {"is_done": True, "detail": "as found", "blockers": []}
    record(settings.books, batch, "checked", "ana", NOW, dict.fromkeys(before, fact))
    record(settings.books, batch, "packet", "ana", NOW, {packet.name: file_hash(packet)})
    record(settings.books, batch, "publish", "ana", NOW, {"version": "version 1"})
    return settings


def status(settings: Settings, today: date = JAN) -> dict[str, str]:
    return {line.step.step_id: line.status for line in checklist_of(settings.books, JAN, today)}


def test_an_export_is_recorded_and_makes_its_step_done(sealed: Settings):
    assert status(sealed)["export"] == "ready"
    [path] = closing.export(sealed, JAN, "netsuite", by="ana")
    assert status(sealed)["export"] == "done"
    exported = acts_of(sealed.books, batches(sealed.books)[0])[-1]
    assert exported.detail == {"shape": "netsuite", "files": {path.name: file_hash(path)}}


def test_nobody_signs_before_the_steps_that_come_before(sealed: Settings):
    with pytest.raises(CloseBlockedError) as blocked:
        sign_off(sealed, JAN, "cleo", "CFO")
    assert blocked.value.blockers == ("Journal exported to the ERP (Revenue accounting): not done",)


@pytest.mark.parametrize("name", ["ana", " Ana "])
def test_who_prepared_a_close_does_not_sign_it_off(sealed: Settings, name: str):
    closing.export(sealed, JAN, "netsuite")
    with pytest.raises(BooksError, match="prepared 2026-01: somebody else has to sign it off"):
        sign_off(sealed, JAN, name, "CFO")


def test_a_signature_names_the_packet_and_is_given_once(sealed: Settings):
    closing.export(sealed, JAN, "netsuite")
    sign_off(sealed, JAN, "cleo", "CFO", "read")
    signed = acts_of(sealed.books, batches(sealed.books)[0])[-1]
    packet = closing.packet_folder(sealed, JAN) / "consolidated.xlsx"
    assert (signed.by, signed.detail["role"]) == ("cleo", "CFO")
    assert signed.detail["packet_sha256"] == file_hash(packet)
    assert set(status(sealed).values()) == {"done"}
    with pytest.raises(BooksError, match="2026-01 is signed off: CFO .* by cleo"):
        sign_off(sealed, JAN, "dora", "CFO")


def test_a_packet_that_was_changed_is_not_signed(sealed: Settings):
    closing.export(sealed, JAN, "netsuite")
    (closing.packet_folder(sealed, JAN) / "consolidated.xlsx").write_bytes(b"another workbook")
    with pytest.raises(BooksError, match="not the packet that was made: run `tieout packet"):
        sign_off(sealed, JAN, "cleo", "CFO")


def test_an_open_month_is_not_signed_and_needs_role_and_name(sealed: Settings):
    with pytest.raises(BooksError, match="2026-02 is not sealed"):
        sign_off(sealed, FEB, "cleo", "CFO")
    with pytest.raises(BooksError, match="needs a name and a role"):
        sign_off(sealed, JAN, "cleo", " ")


def test_what_was_recorded_counts_only_for_the_seal_it_speaks_of(sealed: Settings):
    from orchestration.books import reopen

    closing.export(sealed, JAN, "netsuite")
    with duckdb.connect() as con:
        reopen(sealed.books, con, act(JAN, reason="an invoice was forgotten"))
        assert recorded_facts(sealed.books, JAN) == ({}, None)
        load(con, invoice("in_1", 120_05, JAN) + invoice("in_2", 1, JAN))
        close(sealed.books, con, RELATION, act(JAN))
    assert status(sealed)["export"] == "ready"


def test_a_step_past_its_day_is_shown_as_late(sealed: Settings):
    late = {line.step.step_id for line in checklist_of(sealed.books, JAN, date(2026, 3, 1))}
    lines = checklist_of(sealed.books, JAN, date(2026, 3, 1))
    assert {line.step.step_id for line in lines if line.is_late} == {"export", "sign_off"} <= late


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("edited", "its acts were altered before line 3"),
        ("removed", "its acts were altered before line 2"),
        ("moved", "speaks of a seal that is not in the chain"),
        ("broken", "line 3 of its acts cannot be read"),
    ],
)
def test_altered_acts_are_named_by_verify(sealed: Settings, how: str, words: str):
    path = sealed.books / "acts" / "2026-01.jsonl"
    lines = path.read_text().splitlines()
    if how == "edited":
        lines[1] = lines[1].replace('"ana"', '"eve"')
    elif how == "removed":
        del lines[1]
    elif how == "moved":
        seal = json.loads(lines[2])["seal"]
        lines[2] = lines[2].replace(seal, "0" * 64)
    else:
        lines[2] = lines[2][:-5]
    assert verify(sealed.books) == []
    path.write_text("\n".join(lines) + "\n")
    assert words in [str(problem) for problem in verify(sealed.books)][0]


def erp(con: duckdb.DuckDBPyConnection, rate: str) -> str:
    """An ERP that carries 0.05 dollars more of receivables, and spreads it over two liabilities."""
    con.execute(
        f"""create or replace table erp as select *, 'GBP' as functional_currency,
            {rate} as rate_numerator, 100 as rate_denominator
        from (values ('UK01', '1100', 'USD', 305), ('UK01', '2100', 'USD', -302),
            ('UK01', '2300', 'USD', -3)) as t(entity_id, account_code, currency, closing_minor)"""
    )
    return "erp"


def test_opening_differences_are_worth_the_closing_rate_and_balance_in_the_entitys_currency(
    tmp_path: Path,
):
    """5, -2 and -3 at 0.75: running sums 5, 3, 0 are worth 4, 2, 0 (3.75, 2.25), so 4, -2, -2."""
    with duckdb.connect() as con:
        load(con, invoice("in_1", 300, JAN, entity="UK01"))
        batch = open_books(tmp_path, con, RELATION, act(JAN), trial_balance=erp(con, "75"))
        found = con.execute(
            f"""select account_code, amount_minor, functional_minor, functional_currency
            from {posted_relation(tmp_path)} where entry_type = 'opening_difference' order by 1"""
        ).fetchall()
    assert batch.kind == "opening"
    assert found == [
        ("1100", 5, 4, "GBP"),
        ("2100", -2, -2, "GBP"),
        ("2300", -3, -2, "GBP"),
    ]


def test_opening_balances_without_a_rate_are_refused_by_entity_and_currency(tmp_path: Path):
    with duckdb.connect() as con:
        load(con, invoice("in_1", 300, JAN, entity="UK01"))
        with pytest.raises(BooksError, match=r"missing rate: .* of UK01 in USD at 2026-01"):
            open_books(tmp_path, con, RELATION, act(JAN), trial_balance=erp(con, "null"))
    assert batches(tmp_path) == []


def test_a_released_opening_difference_posts_back_with_the_next_close_and_once(tmp_path: Path):
    settings = config.load({"TIEOUT_HOME": str(tmp_path)})
    with duckdb.connect() as con:
        load(con, invoice("in_1", 300, JAN, entity="UK01"))
        open_books(settings.books, con, RELATION, act(JAN), trial_balance=erp(con, "75"))
        with pytest.raises(BooksError, match="no opening difference of US01 in USD"):
            release_opening(settings, "US01", "USD", "ana", "matched")
        with pytest.raises(BooksError, match="needs a name and a reason"):
            release_opening(settings, "UK01", "USD", "ana", " ")
        assert release_opening(settings, "UK01", "USD", "ana", "matched to the bank") == 3
        with pytest.raises(BooksError, match="was released .* by ana"):
            release_opening(settings, "UK01", "USD", "ana", "again")
        pending = closing._released(settings)
        assert pending == ("opening_difference:UK01|USD",)
        posted = close(settings.books, con, RELATION, replace(act(FEB), released=pending))
        assert posted.rows == 3
        assert {row["cause"] for row in posted.manifest["causes"]} == {"opening balance"}
    assert closing._released(settings) == ()
