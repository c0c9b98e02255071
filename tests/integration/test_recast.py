"""A recast of all history after go-live and one close: what it says, what it refuses, what it leaves alone.

The acquired entity kept its own policies until it joined; the group's policies are the base seeds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook
from rich.console import Console

from orchestration import closing, dbt, recasting
from orchestration import settings as config
from orchestration.cli_recast import print_recast
from orchestration.closing import close_period, open_at
from orchestration.instance import prepare
from orchestration.recasting import DIMENSIONS, Recast, RecastError, recast, report
from orchestration.reports.recast_figures import CAUSES, POLICY, RecastFigures, total
from orchestration.sandbox.process import stop_serving
from orchestration.settings import Settings
from tests.conftest import SIZE
from tests.integration.test_close import FEBRUARY, MARCH, PEOPLE, pull_to

RECAST_MODELS = (
    "recast_steps", "recast_as_reported", "recast_policy_changes", "recast_policy_bridge",
    "recast_statement", "recast_unexplained",
)  # fmt: skip


@dataclass
class Recasts:
    """A home with go-live at February and March closed, recast under the group's policies."""

    settings: Settings
    books_before: dict[str, bytes]
    group: Recast
    figures: RecastFigures
    written: list[Path]


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def recasts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recasts]:
    home = tmp_path_factory.mktemp("recast")
    settings = config.load({"TIEOUT_HOME": str(home), "TIEOUT_SIZE": str(SIZE)})
    prepare(settings)
    pull_to(settings, MARCH)
    open_at(settings, FEBRUARY, PEOPLE)
    pull_to(settings, closing.cut_off_of(MARCH).date())
    close_period(settings, MARCH, PEOPLE)
    stop_serving(settings.sandbox_dir)
    before = content(settings.books)
    group = recast(settings, "group_2026")
    yield Recasts(settings, before, group, *report(settings, group))


def rows(of: Recast | Path, sql: str) -> list[tuple[object, ...]]:
    path = of.warehouse if isinstance(of, Recast) else of
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_recast_posts_nothing(recasts: Recasts):
    assert content(recasts.settings.books) == recasts.books_before


def test_evidence_is_what_the_last_close_knew(recasts: Recasts):
    assert recasts.group.as_of == closing.cut_off_of(MARCH)
    assert recasts.group.go_live == FEBRUARY


def test_the_causes_sum_to_recast_less_reported_in_every_entity_account_stream_and_month(
    recasts: Recasts,
):
    """Against the exported long bridge, added up anew here."""
    bridge = recasts.written[0].with_name("bridge.parquet")
    off = duckdb.execute(
        """select entity_id, currency, account_code, stream, period from read_parquet(?)
        group by all
        having sum(case when cause = 'as recast' then -amount_minor else amount_minor end) <> 0""",
        [str(bridge)],
    ).fetchall()
    assert off == []
    assert recasts.figures.unexplained_minor == 0


def test_the_contracts_sum_to_each_row_of_the_bridge(recasts: Recasts):
    bridge, contracts = (
        str(recasts.written[0].with_name(f"{name}.parquet")) for name in ("bridge", "contracts")
    )
    off = duckdb.execute(
        """select entity_id, currency, account_code, stream, period, cause from (
            select entity_id, currency, account_code, stream, period, cause, amount_minor
            from read_parquet(?) where cause_no between 1 and 98
            union all
            select entity_id, currency, account_code, stream, period, cause, -amount_minor
            from read_parquet(?)
        ) group by all having sum(amount_minor) <> 0""",
        [bridge, contracts],
    ).fetchall()
    assert off == []


def test_every_amount_of_a_policy_names_its_contract(recasts: Recasts):
    assert rows(
        recasts.group,
        "select count(*) > 0, count(*) filter (contract_number is null or customer_name is null) "
        "from ledger.recast_policy_changes where cause like 'policy: %'",
    ) == [(True, 0)]


def test_what_the_erp_reported_otherwise_is_named_by_its_journal(recasts: Recasts):
    """The planted manual journal is there, and both sides of each journal: per reference nothing remains."""
    named = rows(
        recasts.group,
        "select gl_reference, sum(amount_minor)::bigint from ledger.recast_policy_changes "
        "where cause = 'before go-live: evidence against the ERP' group by all order by all",
    )
    assert "MJ-0001" in {reference for reference, _ in named}
    assert {amount for _, amount in named} == {0} and "" not in {name for name, _ in named}


def test_as_reported_is_the_erps_trial_balance_until_go_live_and_the_books_after(recasts: Recasts):
    """Sums of as reported against the landed trial balances, and against the close's own trial balance."""
    off = rows(
        recasts.group,
        """with reported as (
            select entity_id, currency, account_code, sum(amount_minor) as amount_minor
            from ledger.recast_as_reported where period <= date '2026-02-01' group by all
        )
        select entity_id, currency, account_code from reported
        full join (
            select * from staging.stg_erp__trial_balances where period = date '2026-02-01'
        ) using (entity_id, currency, account_code)
        where coalesce(amount_minor, 0) <> coalesce(closing_minor, 0)""",
    )
    assert off == []
    books = rows(
        recasts.settings.warehouse,
        "select entity_id, account_code, currency, closing_minor from marts.rpt_trial_balance_as_reported "
        "where period = date '2026-03-01' and closing_minor <> 0 order by all",
    )
    assert books == rows(
        recasts.group,
        "select entity_id, account_code, currency, sum(amount_minor)::bigint as closing_minor "
        "from ledger.recast_as_reported group by all having closing_minor <> 0 order by all",
    )


def test_late_evidence_goes_back_to_its_month_as_the_close_recorded_it(recasts: Recasts):
    """Against the amounts of earlier months in the sealed manifest of March; profit positive."""
    (manifest,) = (recasts.settings.books / "2026-03").glob("*/manifest.json")
    recorded = [
        tuple(amount[name] for name in ("entity_id", "currency", "period", "cause", "result_minor"))
        for amount in json.loads(manifest.read_text())["prior_period"]
    ]
    assert recorded
    assert sorted(recorded) == rows(
        recasts.group,
        """select entity_id, currency, strftime(period, '%Y-%m'),
            replace(cause, 'late evidence: ', ''), -sum(amount_minor)::bigint
        from ledger.recast_policy_changes
        where cause like 'late evidence: %' and period < date '2026-03-01'
            and left(account_code, 1) in ('4', '5', '6', '7', '8')
        group by all order by all""",
    )


def test_the_history_before_the_merger_is_recast(recasts: Recasts):
    """UK01 joined in October 2025; months before it move by pattern and by selling price.

    What a sister earns for capacity follows what UK01 earns with it, on the intercompany accounts.
    """
    months = rows(
        recasts.group,
        """select cause, min(period) < date '2025-10-01', count(distinct entity_id)
        from ledger.recast_policy_changes
        where cause in ('policy: pattern', 'policy: standalone selling price')
            and account_code not in ('1900', '4990', '5900')
        group by cause order by cause""",
    )
    assert months == [
        ("policy: pattern", True, 1),
        ("policy: standalone selling price", True, 1),
    ]
    assert rows(
        recasts.group,
        "select distinct entity_id from ledger.recast_policy_changes "
        "where cause_no between 4 and 6 and account_code not in ('1900', '4990', '5900')",
    ) == [("UK01",)]


def test_a_seat_of_the_acquired_entity_is_recognised_by_days_instead_of_months(recasts: Recasts):
    """Recast, revenue to date of each live seat is its price × days gone / days of the term."""
    seats = rows(
        recasts.group,
        """select
            obligations.obligation_id, prices.allocated_minor, available_date, service_end_date,
            coalesce(-sum(amount_minor), 0)::bigint
        from contracts.obligations
        inner join pricing.price_allocations as prices using (obligation_id)
        left join ledger.ledger_entry_lines as lines
            on obligations.obligation_id = lines.obligation_id and lines.account_code = '4050'
            and lines.entry_type = 'revenue'
        where obligations.entity_id = 'UK01' and sku = 'SEAT-PLATFORM' and terminated_date is null
            and service_start_date < date '2025-10-01'
            and obligations.obligation_id not in (select obligation_id from pricing.price_reductions)
        group by all""",
    )
    assert seats
    for _, price, available, ends, recognised in seats:
        assert isinstance(available, date) and isinstance(ends, date) and isinstance(price, int)
        gone = (min(closing.cut_off_of(MARCH).date(), ends) - available).days
        whole = (ends - available).days
        assert abs(recognised * whole - price * gone) * 2 <= whole


def test_a_mapping_moves_revenue_between_accounts_and_adds_nothing(recasts: Recasts):
    moved = rows(
        recasts.group,
        """select entity_id, currency, period, sum(amount_minor)::bigint,
            list(distinct account_code order by account_code)
        from ledger.recast_policy_changes
        where cause = 'policy: product mapping' and account_code like '4%'
        group by all""",
    )
    assert moved
    assert {(amount, tuple(accounts)) for *_, amount, accounts in moved} == {(0, ("4050", "4060"))}


def test_the_entity_of_record_takes_the_contract_and_intercompany_sums_to_nothing(recasts: Recasts):
    uk, us = (
        total(recasts.figures.revenue, entity_id=entity, currency="USD")
        for entity in ("UK01", "US01")
    )
    assert uk["recast_minor"] == 0 and uk["reported_minor"] != 0
    assert us["record_entity_minor"] == -uk["record_entity_minor"] > 0
    between = rows(
        recasts.group,
        "select entity_id, sum(amount_minor)::bigint as amount from ledger.recast_policy_changes "
        "where account_code = '1900' and cause = 'policy: entity of record' "
        "group by all order by all",
    )
    assert [entity for entity, _ in between] == ["UK01", "US01"]
    assert sum(int(str(amount)) for _, amount in between) == 0


def test_each_entity_balances_as_recast(recasts: Recasts):
    assert (
        rows(
            recasts.group,
            "select entity_id, currency, period from ledger.recast_steps where step_no = 4 "
            "group by all having sum(amount_minor) <> 0",
        )
        == []
    )


def test_the_page_the_workbook_and_the_files_say_what_the_bridge_says(recasts: Recasts):
    names = {path.name for path in recasts.written}
    assert {
        "index.html",
        "recast.xlsx",
        "bridge.parquet",
        "contracts.parquet",
        "contracts.csv",
    } <= names
    page = recasts.written[0].read_text()
    assert "Group policies throughout" in page and "Nothing was posted" in page
    assert page.count("data:image/png") == 2
    assert "http://" not in page and "https://" not in page
    workbook = load_workbook(recasts.written[1])
    assert workbook.sheetnames == ["Recast", "Bridge", "Contracts"]
    sheet = workbook["Bridge"]
    assert sheet.max_row - 1 == recasts.figures.line_count
    # A row's causes lie between as reported and as recast; the last cell checks them with a formula.
    *_, check = [cell.value for cell in sheet[2]]
    assert str(check).startswith("=ROUND(") and "SUM(" in str(check)


def test_the_console_shows_the_bridge_with_nothing_unexplained(recasts: Recasts):
    console = Console(width=200, record=True, file=StringIO())
    print_recast(console, recasts.figures, recasts.written)
    said = console.export_text()
    assert "unexplained in" in said and ": 0  every amount has its cause" in said
    assert "nothing posted" in said and "entity of record" in said


def test_the_models_of_a_recast_keep_their_grain_and_their_unit_tests(recasts: Recasts):
    at = recasting.scratch(recasts.settings, recasts.group.as_of)
    shutil.copy(recasts.group.warehouse, at.warehouse)
    last = {"policy": "group_2026", "recast_step": len(DIMENSIONS)}
    dbt.run_steps(at, [dbt.Step(("test", "--select", *RECAST_MODELS), last)], {"recast_step": 0})


def test_a_recast_under_the_reported_policies_changes_nothing_by_policy(recasts: Recasts):
    same = recast(recasts.settings, "reported")
    figures, _ = report(recasts.settings, same)
    assert figures.unexplained_minor == 0
    assert {
        name: sum(abs(row[f"{name}_minor"]) for row in figures.statement) for name in POLICY
    } == dict.fromkeys(POLICY, 0)
    # What the ERP said otherwise than evidence is a cause under any policy.
    assert [row["erp_minor"] for row in figures.statement] and set(POLICY) < set(CAUSES)
    assert rows(same, "select count(*) from ledger.recast_policy_changes where cause_no > 3") == [
        (0,)
    ]


def test_an_unknown_policy_is_refused_with_the_names_of_the_known(recasts: Recasts):
    with pytest.raises(RecastError, match="no policy is called grop: .*group_2026, reported"):
        recast(recasts.settings, "grop")


def test_a_version_of_an_unknown_sku_or_entity_is_refused_before_anything_is_computed(
    recasts: Recasts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A copy of the project whose versions name a SKU and an entity that do not exist."""
    project = tmp_path / "dbt_project"
    shutil.copytree(
        recasting.SEEDS.parent, project, ignore=shutil.ignore_patterns("target", "logs")
    )
    wrong = (
        "group_2026,UK01,SEAT-GOLD,2020-01-01,,ratable_daily,,,,,typo",
        "group_2026,UK99,SEAT-PLATFORM,2020-01-01,,ratable_daily,,,,,typo",
    )
    with (project / "seeds" / "product_policy_versions.csv").open("a") as file:
        file.writelines(f"{line}\n" for line in wrong)
    monkeypatch.setattr(dbt, "DBT_PROJECT", project)
    with pytest.raises(dbt.DbtError) as refused:
        recast(recasts.settings, "group_2026")
    assert "policy versions refused" in str(refused.value)
    assert "sku SEAT-GOLD is not in product_policies" in str(refused.value)
    assert "entity_id UK99 is not in entities" in str(refused.value)
