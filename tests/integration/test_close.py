"""Go-live and three closes with evidence that arrives between them, as in a company's life.

The sandbox stands at each month's end in turn, so what is late really comes late.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from orchestration import books, closing, pipeline, warehouse
from orchestration import settings as config
from orchestration.books.causes import CAUSES, CURRENT
from orchestration.books.periods import PeriodSealedError, PredecessorOpenError
from orchestration.books.store import BooksBusyError, entry_files
from orchestration.close_facts import recorded_facts
from orchestration.closing import Closed, Person, close_period, open_at, reproduce_period
from orchestration.export.journals import journals, read_names
from orchestration.instance import prepare
from orchestration.sandbox.clock import advance
from orchestration.sandbox.process import stop_serving
from orchestration.settings import Settings
from tests.conftest import SIZE, TIEOUT, home_environment

FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 1) for month in (2, 3, 4, 5))
PEOPLE = Person(
    "ana",
    "ben",
    tuple(
        books.Approval(entity, currency, 10**12, "ben", "late evidence read and agreed")
        for entity in ("US01", "US02", "UK01")
        for currency in ("USD", "GBP", "EUR")
    ),
)


@dataclass
class Life:
    """A home after go-live and three closes."""

    settings: Settings
    opened: Closed
    closed: list[Closed]
    landed: list[int]


def pull_to(settings: Settings, first_open_day: date) -> int:
    """Let the world go on to a day and land what has come to be."""
    advance(settings.sandbox_dir, datetime(*first_open_day.timetuple()[:3], tzinfo=UTC))
    results = pipeline.land(settings)
    assert not [result.error for result in results if result.error]
    return sum(result.rows for result in results)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    home = tmp_path_factory.mktemp("life")
    settings = config.load({"TIEOUT_HOME": str(home), "TIEOUT_SIZE": str(SIZE)})
    prepare(settings)
    landed = [pull_to(settings, MARCH)]
    opened = open_at(settings, FEBRUARY, PEOPLE)
    closed = []
    for period in (MARCH, APRIL, MAY):
        landed.append(pull_to(settings, closing.cut_off_of(period).date()))
        closed.append(close_period(settings, period, PEOPLE))
    yield Life(settings, opened, closed, landed)
    stop_serving(settings.sandbox_dir)


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_each_pull_lands_what_has_come_to_be_since(life: Life):
    first, *later = life.landed
    assert all(0 < count < first for count in later)


def test_go_live_lists_what_the_erp_carries_and_the_evidence_does_not_explain(life: Life):
    differences = life.opened.opening_differences
    assert differences
    totals: dict[tuple[str, str], int] = {}
    for row in differences:
        key = (row["entity_id"], row["currency"])
        totals[key] = totals.get(key, 0) + row["amount_minor"]
    assert set(totals.values()) == {0}


def test_the_books_at_go_live_are_the_erps_trial_balance(life: Life):
    off = rows(
        life.settings,
        """select entity_id, account_code, currency from (
            select entity_id, account_code, currency, closing_minor
            from marts.rpt_trial_balance_as_reported where period = date '2026-02-01'
            union all
            select entity_id, account_code, currency, -closing_minor
            from staging.stg_erp__trial_balances where period = date '2026-02-01'
        ) group by all having sum(closing_minor) <> 0""",
    )
    assert off == []


def test_the_third_close_carries_amounts_of_earlier_months_each_with_its_cause(life: Life):
    assert life.closed[2].batch is not None
    prior = life.closed[2].batch.manifest["prior_period"]
    assert prior
    assert {amount["cause"] for amount in prior} <= set(CAUSES) - {CURRENT}
    assert all(amount["period"] < "2026-05" for amount in prior)


def test_after_a_close_nothing_of_its_month_or_before_is_left_unposted(life: Life):
    open_lines = rows(
        life.settings,
        """select cause, count(*) from marts.rpt_recast_bridge
        where not is_posted and period <= date '2026-05-01' group by cause""",
    )
    assert {cause for cause, _ in open_lines} == {"opening difference"}


def test_what_was_reported_never_changes(life: Life):
    """March's trial balance in today's marts is what the first close published."""
    assert life.closed[0].batch is not None
    through = life.closed[0].batch.sequence
    files = entry_files(life.settings.books, through)
    then = duckdb.execute(
        """select entity_id, account_code, currency, sum(amount_minor)::bigint as balance
        from read_parquet(?) group by all order by all""",
        [[str(file) for file in files]],
    ).fetchall()
    now = rows(
        life.settings,
        """select entity_id, account_code, currency, closing_minor
        from marts.rpt_trial_balance_as_reported where period = date '2026-03-01' order by all""",
    )
    assert then == now


def test_packets_tie_and_hold_what_a_reviewer_signs(life: Life):
    packets = {path.name: path for path in life.closed[2].packets}
    assert {"consolidated.xlsx", "consolidated.html", "us01.xlsx", "uk01.html"} <= set(packets)
    workbook = load_workbook(packets["consolidated.xlsx"])
    assert {"Tie-outs", "Trial balance", "Journal", "Prior periods", "Sign-off"} <= set(
        workbook.sheetnames
    )
    assert workbook["Prior periods"].max_row > 1
    assert "late usage" in packets["consolidated.html"].read_text()


def test_the_checklist_is_done_up_to_the_signature(life: Life):
    status = {line.step.step_id: line.status for line in life.closed[2].checklist}
    assert {status[step] for step in ("evidence", "controls", "seal", "packet", "publish")} == {
        "done"
    }
    assert status["sign_off"] != "done"


def test_a_sealed_month_and_a_month_after_an_open_one_are_refused(life: Life):
    with pytest.raises(PeriodSealedError, match="2026-03 is sealed by batch 000002-close"):
        close_period(life.settings, MARCH, PEOPLE)
    with pytest.raises(PredecessorOpenError, match="2026-06 is open; close it first"):
        close_period(life.settings, date(2026, 7, 1), PEOPLE)


def test_the_books_verify_and_each_kind_of_tampering_is_named(life: Life, tmp_path: Path):
    assert books.verify(life.settings.books) == []
    third = Path("2026-04") / "000003-close"

    def tampered(how: str) -> str:
        copy = tmp_path / how
        shutil.copytree(life.settings.books, copy)
        if how == "edited":
            entries = copy / third / "entries-0001.parquet"
            content = bytearray(entries.read_bytes())
            content[len(content) // 2] ^= 1
            entries.write_bytes(content)
        elif how == "deleted":
            shutil.rmtree(copy / third)
        else:
            manifest = copy / third / "manifest.json"
            manifest.write_text(manifest.read_text().replace('"ben"', '"eve"'))
        return str(books.verify(copy)[0])

    assert "000003-close: its file entries-0001.parquet was altered" in tampered("edited")
    assert "batch 000003 is missing" in tampered("deleted")
    assert "000003-close: its manifest was edited" in tampered("resigned")


@pytest.mark.parametrize("period", [FEBRUARY, MAY], ids=str)
def test_a_sealed_period_comes_out_byte_for_byte_from_its_evidence(life: Life, period: date):
    found = reproduce_period(life.settings, period)
    assert [(one.is_identical, one.differences) for one in found] == [(True, ())]


def test_bean_check_passes_on_the_exported_books_and_holds_both_their_balances(life: Life):
    """Beancount's own arithmetic gives each account's balance by currency, and in the entity's own."""
    from beancount import loader
    from beancount.core import convert, data

    [path] = closing.export(life.settings, MAY, "beancount")
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("bean-check")), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]
    entries, _, _ = loader.load_file(str(path))
    cent = Decimal("0.01")
    theirs: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    worth: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for transaction in data.filter_txns(entries):
        for posting in transaction.postings:
            _, entity, account = posting.account.split(":")
            weight = convert.get_weight(posting)
            worth[entity, account[:4]] += weight.number.quantize(cent)
            if posting.units.currency != weight.currency:
                theirs[entity, account[:4]] += posting.units.number
    ours = duckdb.execute(
        f"""select entity_id, account_code,
            sum(case when currency <> functional_currency then amount_minor else 0 end)::bigint,
            sum(functional_minor)::bigint
        from {books.posted_relation(life.settings.books)} group by all"""
    ).fetchall()
    assert {key: amount for key, amount in theirs.items() if amount} == {
        (entity, code): Decimal(foreign) / 100 for entity, code, foreign, _ in ours if foreign
    }
    assert {key: amount for key, amount in worth.items() if amount} == {
        (entity, code): Decimal(own) / 100 for entity, code, _, own in ours if own
    }


def test_what_the_erp_makes_of_the_journals_is_the_months_functional_movement(life: Life):
    """Each line at its journal's rate, rounded half up as importers do, and the journals of what is left."""
    made: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    names = read_names(closing.SEEDS)
    for journal in journals(life.settings.books, MAY, names):
        for line in journal.lines:
            amount = Decimal(line.debit_minor - line.credit_minor) / 100 * journal.exchange_rate
            made[journal.entity_id, line.account_code] += amount.quantize(
                Decimal("0.01"), ROUND_HALF_UP
            )
    ours = rows(
        life.settings,
        """select entity_id, account_code, sum(functional_debit_minor - functional_credit_minor)
        from marts.rpt_posted_journal where posting_period = date '2026-05-01' group by all""",
    )
    moved = {(entity, code): Decimal(int(own)) / 100 for entity, code, own in ours if own}
    off = {
        key: made[key] - moved.get(key, Decimal(0))
        for key in made.keys() | moved.keys()
        if made[key] != moved.get(key, Decimal(0))
    }
    # Only what importers round away line by line, which they hold against their rounding account.
    assert {code for _, code in off} <= {"7000"}
    assert all(abs(amount) < 1 for amount in off.values())


def test_the_books_balance_in_the_currency_of_each_entity(life: Life):
    off = rows(
        life.settings,
        """select entity_id, period, sum(functional_closing_minor)
        from marts.rpt_trial_balance_as_reported group by all having sum(functional_closing_minor) <> 0""",
    )
    exchanged = rows(
        life.settings,
        """select count(*) from ledger.posted_entry_lines
        where amount_minor = 0 and functional_minor <> 0""",
    )
    assert off == [] and exchanged[0][0] > 0


def test_the_journal_is_written_for_the_erps(life: Life):
    for shape in ("netsuite", "quickbooks"):
        assert all(path.stat().st_size > 500 for path in closing.export(life.settings, MAY, shape))


def test_a_blocked_close_lists_exactly_what_blocks_it_and_posts_nothing(life: Life):
    """June with a threshold nobody approved an excess of: refused, and the books are as before."""
    pull_to(life.settings, date(2026, 7, 1))
    before = json.loads((life.settings.books / "head.json").read_text())
    soft = close_period(life.settings, date(2026, 6, 1), Person("ana"), soft=True)
    assert soft.batch is None and soft.preview is not None and soft.preview.lines > 0
    over = [amount for amount in soft.preview.prior_period if abs(amount.result_minor) > 1_000_000]
    if over:
        with pytest.raises(closing.CloseBlockedError, match="record an approval of at least"):
            close_period(life.settings, date(2026, 6, 1), replace(PEOPLE, approvals=()))
    assert json.loads((life.settings.books / "head.json").read_text()) == before
    assert books.states(life.settings.books)[-1].state == "soft"


def test_a_reproduction_from_altered_evidence_is_refused(life: Life, tmp_path: Path):
    copy = replace(life.settings, home=tmp_path / "home")
    shutil.copytree(life.settings.books, copy.books)
    shutil.copytree(life.settings.landing, copy.landing)
    assert life.closed[2].batch is not None
    used = books.evidence_in(life.closed[2].batch)
    manifest = copy.landing / used[0].path / "_manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(books.BooksError, match="was altered since it was used"):
        reproduce_period(copy, MAY)


def test_the_flux_of_sealed_months_compares_what_their_closes_posted(life: Life):
    off = rows(
        life.settings,
        """select entity_id, period from (
            select distinct entity_id, period, line_id, current_minor as revenue_minor
            from marts.rpt_revenue_flux
            where comparison = 'prior_month' and basis = 'as reported' and period >= date '2026-03-01'
            union all
            select entity_id, posting_period, batch_id, sum(functional_minor) from raw.books__entry
            where account_code like '4%' and account_code <> '4990' and posting_period >= date '2026-03-01'
            group by all
        ) group by all having sum(revenue_minor) <> 0""",
    )
    assert off == []
    late = rows(
        life.settings,
        "select 1 from marts.rpt_revenue_flux where driver = 'late_usage' and basis = 'as reported'",
    )
    assert late


JUNE = date(2026, 6, 1)
# A table that dbt makes again gets another number.
OIDS = """select schema_name, table_name, table_oid from duckdb_tables()
    where schema_name in ('contracts', 'revenue', 'billing') order by all"""


def close_command(settings: Settings, *words: str) -> subprocess.Popen[str]:
    """A `tieout` process of its own on this home, in a session of its own."""
    approvals = [
        part
        for one in PEOPLE.approvals
        for part in ("--approve", f"{one.entity_id}:{one.currency}:{one.amount_minor}:read")
    ]
    people = ["--prepared-by", "ana", "--approved-by", "ben", *approvals]
    return subprocess.Popen(
        [TIEOUT, *words, *(people if words[0] == "close" else [])],
        env=home_environment(settings.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def killed_when(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Kill -9 at the moment something shows on disk; what was faster than the look has ended."""
    while process.poll() is None and not reached():
        time.sleep(0.005)
    process.kill()
    process.communicate()


def freed(settings: Settings) -> None:
    """Wait until a dbt that outlived its close has ended."""
    while True:
        try:
            with warehouse.alone(settings, "a look"):
                return
        except BooksBusyError:
            time.sleep(0.1)


def test_a_close_killed_at_any_point_leaves_old_or_new_books_and_ends_like_an_undisturbed_one(
    life: Life, tmp_path: Path
):
    settings = replace(life.settings, as_of=closing.cut_off_of(JUNE))
    pull_to(settings, date(2026, 7, 1))
    pipeline.ensure_built(settings)
    undisturbed = tmp_path / "books"
    shutil.copytree(settings.books, undisturbed)
    with books.session(settings.warehouse, tmp_path / "scratch") as con:
        act = closing._act(settings, JUNE, PEOPLE, "", "")
        expected = books.close(undisturbed, con, closing.COMPUTED, act)
    before = (settings.books / "head.json").read_bytes()
    sealed = settings.books / "2026-06" / expected.batch_id
    note = warehouse.note_of(settings)

    # While dbt builds: its process goes on, so nobody else may write until it has ended.
    note.unlink()
    started = settings.warehouse.with_name("build.started.json")
    # What dbt has committed stands in the write-ahead log until the file is let go.
    log = settings.warehouse.with_name(settings.warehouse.name + ".wal")
    killed_when(
        close_command(settings, "close", "2026-06"),
        lambda: started.exists() and log.exists() and log.stat().st_size > 200_000,
    )
    second = close_command(settings, "close", "2026-06", "--soft")
    said, _ = second.communicate()
    assert "has to wait: the close of 2026-06" in " ".join(said.split())
    freed(settings)
    assert books.verify(settings.books) == []
    assert (settings.books / "head.json").read_bytes() == before

    # While the batch is written aside; a close that was faster has it whole.
    aside = settings.books / ".incoming" / "batch"
    killed_when(close_command(settings, "close", "2026-06"), aside.exists)
    freed(settings)
    assert books.verify(settings.books) == []
    assert sealed.exists() or (settings.books / "head.json").read_bytes() == before

    # Right after the rename: the seal stands, the rest is for `tieout packet`.
    if not sealed.exists():
        killed_when(close_command(settings, "close", "2026-06"), sealed.exists)
        freed(settings)
    assert books.verify(settings.books) == []
    again, _ = close_command(settings, "close", "2026-06").communicate()
    assert f"2026-06 is sealed by batch {expected.batch_id}" in " ".join(again.split())

    # While the packet is made.
    folder = closing.packet_folder(settings, JUNE)
    killed_when(close_command(settings, "packet", "2026-06"), lambda: any(folder.glob("*.xlsx")))
    freed(settings)
    done = close_command(settings, "packet", "2026-06")
    said, _ = done.communicate()
    assert done.returncode == 0, said
    assert books.verify(settings.books) == []
    made = next(b for b in books.batches(settings.books) if b.batch_id == expected.batch_id)
    assert [path.read_bytes() for path in made.entries] == [
        path.read_bytes() for path in expected.entries
    ]
    facts, _ = recorded_facts(settings.books, JUNE)
    assert {step for step, fact in facts.items() if fact.is_done} >= {"seal", "packet", "publish"}


def test_a_warehouse_that_already_is_what_a_close_needs_is_not_built_again(life: Life):
    """The month killed above is packed again: dbt runs for the books' views alone."""
    built = (life.settings.warehouse.with_name("build.json")).read_text()
    with duckdb.connect(str(life.settings.warehouse), read_only=True) as connection:
        made = connection.execute(OIDS).fetchall()
    done = closing.packet_period(life.settings, JUNE)
    assert "already built" in next(
        line.detail for line in done.checklist if line.step.step_id == "models"
    )
    with duckdb.connect(str(life.settings.warehouse), read_only=True) as connection:
        assert connection.execute(OIDS).fetchall() == made
    kept = json.loads(built)
    now = json.loads((life.settings.warehouse.with_name("build.json")).read_text())
    assert {**kept, "warehouse": ""} == {**now, "warehouse": ""}
