"""What a close posts, what it refuses, and that it leaves either the old books or the new ones."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from books_ledger import RELATION, Line, act, invoice, load, revenue

from orchestration.books import (
    Approval,
    Materiality,
    batches,
    close,
    open_books,
    posted_relation,
    preview,
    reopen,
    states,
    verify,
)
from orchestration.books.difference import IncompleteLineError, UnbalancedError
from orchestration.books.materiality import ApprovalNeededError
from orchestration.books.periods import (
    NotReopenableError,
    PeriodSealedError,
    PredecessorOpenError,
)
from orchestration.books.store import BooksBusyError, BooksDamagedError, BooksError

JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "books"


def posted(con: duckdb.DuckDBPyConnection, root: Path, columns: str, where: str = "true") -> list:
    sql = f"select {columns} from {posted_relation(root)} where {where} order by all"
    return con.execute(sql).fetchall()


def test_a_first_close_posts_every_line_up_to_its_month_and_no_later_one(con, root):
    load(con, invoice("in_1", 1200, JAN) + invoice("in_2", 500, FEB))
    batch = close(root, con, RELATION, act(JAN))
    assert posted(con, root, "account_code, amount_minor") == [("1100", 1200), ("2100", -1200)]
    assert batch.manifest["totals"] == [
        {
            "entity_id": "US01",
            "currency": "USD",
            "account_code": "1100",
            "debit_minor": 1200,
            "credit_minor": 0,
        },
        {
            "entity_id": "US01",
            "currency": "USD",
            "account_code": "2100",
            "debit_minor": 0,
            "credit_minor": 1200,
        },
    ]


def test_late_usage_of_january_posts_in_march_with_its_own_month_and_cause(con, root):
    known = invoice("in_1", 1200, JAN) + revenue("oi_1", 700, JAN)
    load(con, known)
    close(root, con, RELATION, act(JAN))
    close(root, con, RELATION, act(FEB))
    # 50 more of January's usage arrive: 750 computed less 700 posted.
    load(con, invoice("in_1", 1200, JAN) + revenue("oi_1", 750, JAN))
    close(root, con, RELATION, act(MAR))
    assert posted(
        con,
        root,
        "posting_period, period, cause, account_code, amount_minor",
        f"posting_period = date '{MAR}'",
    ) == [(MAR, JAN, "late usage", "2100", 50), (MAR, JAN, "late usage", "4010", -50)]


@pytest.mark.parametrize(
    ("late", "cause"),
    [
        (revenue("oi_2", 90, JAN), "late usage"),
        (revenue("oi_1", 60, JAN), "correction"),
        (revenue("oi_2", 90, JAN, stream="reserved_capacity"), "back-dated amendment"),
        (invoice("in_9", 80, JAN), "late document"),
        (
            [replace(line, entry_type="credit_note") for line in invoice("cn_1", -30, JAN)],
            "credit memo",
        ),
    ],
    ids=["new usage", "usage corrected down", "amendment", "document", "credit note"],
)
def test_each_cause_follows_from_the_entry_and_its_months(con, root, late, cause):
    base = invoice("in_1", 1200, JAN) + revenue("oi_1", 70, JAN)
    load(con, base)
    close(root, con, RELATION, act(JAN))
    replaced = {line.entry_key for line in late}
    load(con, [line for line in base if line.entry_key not in replaced] + late)
    close(root, con, RELATION, act(FEB))
    assert {row[0] for row in posted(con, root, "cause", f"posting_period = date '{FEB}'")} == {
        cause
    }


def test_a_presentation_entry_takes_the_cause_of_its_contract(con, root):
    base = invoice("in_1", 1200, JAN)
    shown = [
        Line("presentation:C1", "1150", 40, JAN, entry_type="presentation"),
        Line("presentation:C1", "2100", -40, JAN, entry_type="presentation"),
    ]
    load(con, base)
    close(root, con, RELATION, act(JAN))
    load(con, base + revenue("oi_1", 40, JAN) + shown)
    close(root, con, RELATION, act(FEB))
    assert posted(con, root, "cause", "entry_type = 'presentation'") == [("late usage",)] * 2


def test_a_credit_note_that_lowers_revenue_explains_the_revenue_too(con, root):
    base = invoice("in_1", 1200, JAN) + revenue("oi_1", 70, JAN)
    load(con, base)
    close(root, con, RELATION, act(JAN))
    note = [replace(line, entry_type="credit_note") for line in invoice("cn_1", -20, JAN)]
    load(con, invoice("in_1", 1200, JAN) + revenue("oi_1", 50, JAN) + note)
    close(root, con, RELATION, act(FEB))
    where = f"entry_type = 'revenue' and posting_period = date '{FEB}'"
    assert posted(con, root, "account_code, amount_minor, cause", where) == [
        ("2100", -20, "credit memo"),
        ("4010", 20, "credit memo"),
    ]


def test_a_policy_baseline_splits_the_policy_from_the_evidence(con, root):
    load(con, revenue("oi_1", 100, JAN))
    close(root, con, RELATION, act(JAN))
    # Late usage makes 110 under the old policy; the new policy says 125: 10 of usage, 15 of policy.
    load(con, revenue("oi_1", 110, JAN), "under_old_policy")
    load(con, revenue("oi_1", 125, JAN))
    close(
        root,
        con,
        RELATION,
        act(FEB, policy_hash="policy-2"),
        baseline="under_old_policy",
    )
    where = f"posting_period = date '{FEB}' and account_code = '4010'"
    assert posted(con, root, "cause, amount_minor", where) == [
        ("late usage", -10),
        ("policy change", -15),
    ]


def test_a_changed_account_reverses_the_old_line_and_posts_the_new_one(con, root):
    suspense = [
        replace(line, account={"2100": "2350"}.get(line.account, line.account))
        for line in invoice("in_1", 300, JAN)
    ]
    load(con, suspense)
    close(root, con, RELATION, act(JAN))
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(FEB))
    assert posted(con, root, "account_code, amount_minor", f"posting_period = date '{FEB}'") == [
        ("2100", -300),
        ("2350", 300),
    ]


def test_a_changed_description_posts_nothing(con, root):
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(JAN))
    load(con, [replace(line, rule="reworded") for line in invoice("in_1", 300, JAN)])
    assert close(root, con, RELATION, act(FEB)).rows == 0


@pytest.mark.parametrize(
    ("streams", "why"),
    [(["on_demand"], "one line an account"), (["on_demand", "commit"], "two lines of one account")],
    ids=["decided by the account", "decided by the stream"],
)
def test_lines_rest_in_one_order_whatever_the_order_of_the_evidence(con, root, streams, why):
    lines = [
        line
        for key in ("oi_2", "oi_1")
        for stream in streams
        for line in revenue(key, 70, JAN, stream=stream)
    ]
    load(con, lines)
    one = close(root, con, RELATION, act(JAN))
    load(con, lines[::-1])
    other = close(root.with_name("other"), con, RELATION, act(JAN))
    assert one.entries[0].read_bytes() == other.entries[0].read_bytes(), why
    rested = con.execute(
        f"select entry_key, account_code, stream from read_parquet('{one.entries[0]}')"
    ).fetchall()
    # Entry, then account, then stream: of every line exactly once.
    assert rested == sorted((line.entry_key, line.account, line.stream) for line in lines)


def test_an_unbalanced_entry_is_refused_by_name_and_nothing_is_posted(con, root):
    load(con, [*invoice("in_1", 300, JAN), Line("invoice:in_7", "1100", 5, JAN)])
    with pytest.raises(UnbalancedError, match="invoice:in_7 of US01 in USD is off by 5"):
        close(root, con, RELATION, act(JAN))
    assert batches(root) == []


def test_an_entry_that_balances_only_across_currencies_is_refused(con, root):
    load(
        con,
        [
            Line("fx:1", "1100", 5, JAN, currency="USD"),
            Line("fx:1", "2100", -5, JAN, currency="EUR"),
        ],
    )
    with pytest.raises(UnbalancedError, match="fx:1"):
        close(root, con, RELATION, act(JAN))


def test_a_missing_rate_is_refused_with_the_currency_and_month(con, root):
    load(con, invoice("in_1", 300, JAN, currency="GBP"))
    con.execute(f"alter table {RELATION} add column functional_currency varchar default 'USD'")
    con.execute(f"alter table {RELATION} add column functional_minor bigint")
    with pytest.raises(
        IncompleteLineError, match="missing rate.*invoice:in_1.*2026-01-01, GBP.*of GBP in USD"
    ):
        close(root, con, RELATION, act(JAN))


def test_a_remeasurement_posts_functional_amounts_alone(con, root):
    load(con, invoice("in_1", 300, JAN, currency="GBP"))
    con.execute(f"alter table {RELATION} add column functional_currency varchar default 'USD'")
    con.execute(f"alter table {RELATION} add column functional_minor bigint")
    con.execute(f"update {RELATION} set functional_minor = amount_minor * 2")
    close(root, con, RELATION, act(JAN))
    con.execute(f"update {RELATION} set functional_minor = amount_minor * 3")
    close(root, con, RELATION, act(FEB))
    where = f"posting_period = date '{FEB}'"
    assert posted(con, root, "account_code, amount_minor, functional_minor", where) == [
        ("1100", 0, 300),
        ("2100", 0, -300),
    ]


def test_an_exchange_difference_of_an_earlier_month_needs_approval_too(con, root):
    """January's 1,000 were worth 2,000 at home when it closed and are 3,000 at the rate known in February:
    1,000 more of revenue that no amount in the document's currency shows."""
    load(con, revenue("o1", 1000, JAN))
    con.execute(f"alter table {RELATION} add column functional_currency varchar default 'GBP'")
    con.execute(f"alter table {RELATION} add column functional_minor bigint")
    con.execute(f"update {RELATION} set functional_minor = amount_minor * 2")
    close(root, con, RELATION, act(JAN))
    con.execute(f"update {RELATION} set functional_minor = amount_minor * 3")
    strict = act(FEB, materiality=Materiality(default_minor=999))
    with pytest.raises(ApprovalNeededError, match="US01 GBP: 1000 minor units"):
        close(root, con, RELATION, strict)
    given = Approval("US01", "GBP", 1000, "cfo", "rate of the bank")
    batch = close(root, con, RELATION, replace(strict, approvals=(given,)))
    assert [
        (amount["currency"], amount["period"], amount["result_minor"])
        for amount in batch.manifest["prior_period"]
    ] == [("GBP", "2026-01", 1000)]


def test_a_line_without_amount_is_refused_by_name(con, root):
    load(con, invoice("in_1", 300, JAN))
    con.execute(f"update {RELATION} set debit_minor = null where account_code = '1100'")
    with pytest.raises(IncompleteLineError, match="invoice:in_1.*has no debit_minor"):
        close(root, con, RELATION, act(JAN))


def test_a_month_does_not_close_over_an_open_predecessor(con, root):
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(JAN))
    with pytest.raises(PredecessorOpenError, match="2026-03 cannot close: 2026-02 is open"):
        close(root, con, RELATION, act(MAR))


def test_a_sealed_month_takes_nothing_until_it_is_reopened_with_a_reason(con, root):
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(JAN))
    load(con, invoice("in_1", 340, JAN))
    with pytest.raises(PeriodSealedError, match="sealed by batch 000001-close"):
        close(root, con, RELATION, act(JAN))
    with pytest.raises(NotReopenableError, match="needs a reason"):
        reopen(root, con, act(JAN))
    with pytest.raises(NotReopenableError, match="approver other than ana"):
        reopen(root, con, act(JAN, reason="wrong price", approved_by="ana"))
    reopen(root, con, act(JAN, reason="wrong price"))
    assert states(root, JAN)[0].state == "reopened"
    with pytest.raises(PredecessorOpenError, match="2026-01 is reopened"):
        close(root, con, RELATION, act(FEB))
    close(root, con, RELATION, act(JAN, reason="wrong price"))
    assert posted(con, root, "batch_id, amount_minor", "account_code = '1100'") == [
        ("000001-close", 300),
        ("000003-close", 40),
    ]
    assert [state.state for state in states(root)] == ["sealed", "open"]
    assert verify(root) == []


def test_a_month_under_a_later_sealed_one_is_not_reopened(con, root):
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(JAN))
    close(root, con, RELATION, act(FEB))
    with pytest.raises(NotReopenableError, match="the difference posts in 2026-03"):
        reopen(root, con, act(JAN, reason="wrong price"))


def test_prior_period_amounts_above_the_threshold_need_somebody_elses_approval(con, root):
    load(con, revenue("oi_1", 100, JAN))
    close(root, con, RELATION, act(JAN))
    load(con, revenue("oi_1", 160, JAN))
    strict = act(FEB, materiality=Materiality(default_minor=50))
    with pytest.raises(ApprovalNeededError, match="US01 USD: 60 minor units.*threshold of 50"):
        close(root, con, RELATION, strict)
    own = Approval("US01", "USD", 60, "ana", "my own")
    with pytest.raises(ApprovalNeededError):
        close(root, con, RELATION, replace(strict, approvals=(own,)))
    given = Approval("US01", "USD", 60, "cfo", "meter outage of January, understood")
    batch = close(root, con, RELATION, replace(strict, approvals=(given,)))
    assert batch.manifest["approvals"][0]["approved_by"] == "cfo"
    assert batch.manifest["prior_period"] == [
        {
            "entity_id": "US01",
            "currency": "USD",
            "period": "2026-01",
            "cause": "late usage",
            "result_minor": 60,
            "gross_minor": 60,
            "lines": 2,
        }
    ]


def test_a_preview_says_what_would_post_and_what_blocks_and_posts_nothing(con, root):
    load(con, invoice("in_1", 300, JAN))
    close(root, con, RELATION, act(JAN))
    load(con, invoice("in_1", 300, JAN) + invoice("in_2", 20, FEB))
    seen = preview(root, con, RELATION, act(FEB), record=True)
    assert (seen.lines, seen.blockers) == (2, ())
    assert [total["debit_minor"] for total in seen.totals] == [20, 0]
    assert [state.state for state in states(root)] == ["sealed", "soft"]
    assert len(batches(root)) == 1
    assert "2026-03 cannot close" in preview(root, con, RELATION, act(MAR)).blockers[0]


def test_opening_carries_the_erps_balances_and_lists_each_difference(con, root):
    load(con, invoice("in_1", 300, JAN))
    con.execute(
        "create table erp as select * from (values ('US01', '1100', 'USD', 350), "
        "('US01', '2100', 'USD', -300), ('US01', '2300', 'USD', -50)) "
        "as t(entity_id, account_code, currency, closing_minor)"
    )
    open_books(root, con, RELATION, act(JAN), trial_balance="erp")
    balances = "account_code, sum(amount_minor)::bigint"
    grouped = f"select {balances} from {posted_relation(root)} group by 1 order by 1"
    assert con.execute(grouped).fetchall() == [("1100", 350), ("2100", -300), ("2300", -50)]
    # Computed says 1100 = 300 and nothing on 2300: the ERP carries 50 more on each.
    where = "entry_type = 'opening_difference'"
    assert posted(con, root, "account_code, amount_minor", where) == [("1100", 50), ("2300", -50)]
    assert close(root, con, RELATION, act(FEB)).rows == 0
    released = act(MAR, released=("opening_difference:US01|USD",))
    assert close(root, con, RELATION, released).rows == 2
    assert con.execute(
        f"select {balances} from {posted_relation(root)} group by 1 having sum(amount_minor) <> 0 "
        "order by 1"
    ).fetchall() == [("1100", 300), ("2100", -300)]


def test_a_trial_balance_that_is_off_is_refused_by_entity(con, root):
    load(con, invoice("in_1", 300, JAN))
    con.execute(
        "create table erp as select 'US01' as entity_id, '1100' as account_code, "
        "'USD' as currency, 350 as closing_minor"
    )
    with pytest.raises(BooksError, match="trial balance of US01 in USD.*off by 350"):
        open_books(root, con, RELATION, act(JAN), trial_balance="erp")


def test_a_second_close_at_the_same_time_is_refused_and_names_the_first(con, root):
    load(con, invoice("in_1", 300, JAN))
    root.mkdir()
    with (root / ".lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        holder.write("4711\n")
        holder.flush()
        with pytest.raises(BooksBusyError, match="process 4711"):
            close(root, con, RELATION, act(JAN))
    close(root, con, RELATION, act(JAN))


def test_damaged_books_take_no_further_batch(con, root):
    load(con, invoice("in_1", 300, JAN))
    batch = close(root, con, RELATION, act(JAN))
    with batch.entries[0].open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BooksDamagedError, match="000001-close: its file entries-0001.parquet"):
        close(root, con, RELATION, act(FEB))


def test_an_act_without_both_people_is_refused(con, root):
    load(con, invoice("in_1", 300, JAN))
    with pytest.raises(BooksError, match="approved_by is empty"):
        close(root, con, RELATION, act(JAN, approved_by=" "))


def test_of_two_closing_processes_one_posts_and_the_other_is_refused(tmp_path):
    root = tmp_path / "books"
    program = (
        "import sys, time, duckdb\n"
        "from datetime import date\n"
        "from pathlib import Path\n"
        "from books_ledger import RELATION, act, invoice, load\n"
        "from orchestration.books import BooksError, close\n"
        "con = duckdb.connect()\n"
        "load(con, invoice('in_1', 300, date(2026, 1, 1)))\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "hold = lambda name: time.sleep(2) if name == 'computed' else None\n"
        "try:\n"
        "    close(Path(sys.argv[1]), con, RELATION, act(date(2026, 1, 1)), step=hold)\n"
        "    print('posted')\n"
        "except BooksError as error:\n"
        "    print(type(error).__name__)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(root)],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    said = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        said.append(process.communicate()[0].strip())
    assert sorted(said) in (["BooksBusyError", "posted"], ["PeriodSealedError", "posted"])
    assert len(batches(root)) == 1 and verify(root) == []
